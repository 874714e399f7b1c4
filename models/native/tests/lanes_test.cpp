// Several lanes at once have the bits of lanes computed one by one and added along the tree.
#include <algorithm>

#include "checks.h"

namespace {

using Gradient = std::vector<float>;

Gradient plus(const Gradient& left, const Gradient& right) {
    Gradient sum(left.size());
    for (size_t i = 0; i < sum.size(); ++i) sum[i] = left[i] + right[i];
    return sum;
}

// of(lane) for lanes [first, first + count), added along the tree.
template <class Of>
Gradient along_tree(int64_t first, int64_t count, const Of& of) {
    return count == 1 ? of(first) : plus(along_tree(first, count / 2, of), along_tree(first + count / 2, count / 2, of));
}

bool same(const Gradient& left, const Gradient& right) { return std::memcmp(left.data(), right.data(), left.size() * sizeof(float)) == 0; }

unsigned char* row(Tensor& t, int64_t r, int64_t width) { return t.bytes.data() + r * width * Tensor::size(t.dtype); }

}  // namespace

void lanes_of_linear(int64_t lanes, int64_t lane_rows, int64_t in, int64_t out, int dtype) {
    const int64_t rows = lanes * lane_rows;
    Tensor w = noise(out * in), x = noise(rows * in, dtype), dy = noise(rows * out, dtype);
    ak_linear* layer = ak_linear_new(in, out, dtype);
    call(ak_linear_pack(layer, w.floats()));
    Gradient dw(out * in), db(out);
    call(ak_linear_weight_gradient(layer, rows, lanes, dy.data(), x.data(), dw.data(), db.data(), 0));
    const auto of_lane = [&](int64_t lane, bool bias) {
        Gradient dw(out * in), db(out);
        call(ak_linear_weight_gradient(layer, lane_rows, 1, row(dy, lane * lane_rows, out), row(x, lane * lane_rows, in), dw.data(), db.data(), 0));
        return bias ? db : dw;
    };
    report(same(dw, along_tree(0, lanes, [&](int64_t lane) { return of_lane(lane, false); })) &&
               same(db, along_tree(0, lanes, [&](int64_t lane) { return of_lane(lane, true); })),
           named("weight gradient of lanes: bits of the tree", {lanes, lane_rows, in, out}, dtype));
    ak_linear_free(layer);
}

void lanes_of_norm(int64_t lanes, int64_t lane_rows, int64_t width, int dtype) {
    const int64_t rows = lanes * lane_rows;
    Tensor x = noise(rows * width), dy = noise(rows * width, dtype), w = noise(width), mean = noise(rows), rstd = noise(rows), dx(rows * width);
    for (bool centred : {true, false}) {
        const auto run = [&](int64_t from, int64_t count, int64_t lanes) {
            Gradient both(2 * width);
            call(centred ? ak_layer_norm_backward(count, lanes, width, row(dy, from, width), dtype, x.floats() + from * width, w.floats(), mean.floats() + from,
                                                  rstd.floats() + from, nullptr, dx.floats(), both.data(), both.data() + width, 0)
                         : ak_rms_norm_backward(count, lanes, width, row(dy, from, width), dtype, x.floats() + from * width, w.floats(), rstd.floats() + from,
                                                nullptr, dx.floats(), both.data(), 0));
            return both;
        };
        report(same(run(0, rows, lanes), along_tree(0, lanes, [&](int64_t lane) { return run(lane * lane_rows, lane_rows, 1); })),
               named("norm backward of lanes: bits of the tree", {lanes, lane_rows, width, centred}, dtype));
    }
}

// The head and the embedding of one weight, tied or not: head first, then the tokens' rows on top.
void lanes_of_embedding(int64_t lanes, int64_t lane_batch, int64_t time, int64_t width, int64_t vocabulary, bool is_tied, int dtype) {
    const int64_t lane_rows = lane_batch * time, rows = lanes * lane_rows;
    Tensor w = noise(vocabulary * width, ak_f32, 0.2f), x = noise(rows * width, dtype), dx = noise(rows * width);
    auto tokens = ids(rows, std::max<int64_t>(2, vocabulary / 2)), targets = ids(rows, vocabulary);
    ak_linear* head = ak_linear_new(width, vocabulary, dtype);
    call(ak_linear_pack(head, w.floats()));
    ak_token_rows* token_rows = ak_token_rows_new(vocabulary, width);
    ak_objective objective = {};
    objective.scale = 0.01f;
    Tensor d_normed(rows * width, dtype);
    const ak_head_rows nothing = {};
    for (int turn = 0; turn < 2; ++turn) {  // the rows of the turn before must leave nothing behind
        const auto run = [&](int64_t from, int64_t count, int64_t lanes) {
            Gradient all((vocabulary + time) * width, 7);
            if (lanes > 1) call(ak_token_rows_begin(token_rows, lanes, count, tokens.data() + from));
            if (is_tied)
                call(ak_head(head, count, row(x, from, width), targets.data() + from, &objective, &nothing, d_normed.data(), all.data(), 0, lanes, lanes > 1 ? token_rows : nullptr));
            call(ak_embedding_backward(count / time, time, width, vocabulary, tokens.data() + from, nullptr, dx.floats() + from * width, 0.5f, all.data(),
                                       all.data() + vocabulary * width, is_tied, 0, lanes, token_rows));
            return all;
        };
        report(same(run(0, rows, lanes), along_tree(0, lanes, [&](int64_t lane) { return run(lane * lane_rows, lane_rows, 1); })),
               named("embedding backward of lanes: bits of the tree", {lanes, lane_batch, time, width, vocabulary, is_tied}, dtype));
        std::reverse(tokens.begin(), tokens.end());
        for (auto& token : tokens) token = (token * 3 + 1) % vocabulary;
    }
    ak_token_rows_free(token_rows);
    ak_linear_free(head);
}
