// Cached attention: every row has, to the bit, what the training forward gives it, however its text was cut into runs, whatever runs were beside it and
// whatever its blocks held before.
#include <algorithm>
#include <numeric>

#include "checks.h"

namespace {

constexpr int64_t layers = 2;

int64_t draw(int64_t from, int64_t to) { return from + static_cast<int64_t>(generator() % static_cast<uint64_t>(to - from + 1)); }

struct Text {
    int64_t length;
    std::vector<Tensor> qkv, wanted;  // [layers]
    std::vector<int32_t> table;
    int64_t done = 0, own = 0;  // rows in the cache; the first that no other text has
};

class Cache {
public:
    Cache(int64_t H, int64_t K, int64_t w, const Mask& mask, int dtype, int64_t blocks)
        : H(H), w(w), row((H + 2 * K) * w), K(K), dtype(dtype), mask(mask), slopes(slopes_of(H)), kv(ak_kv_new(layers, blocks, K, w, dtype)) {
        given = {mask.window, mask.sinks, mask.slopes ? slopes.data() : nullptr};
        free.resize(static_cast<size_t>(blocks));
        std::iota(free.begin(), free.end(), 0);
        std::shuffle(free.begin(), free.end(), generator);
        poison();
    }
    ~Cache() { ak_kv_free(kv); }

    // A text whose first rows are those of another.
    Text text(int64_t length, const Text* other = nullptr, int64_t shared = 0) {
        Text made{length, {}, {}, {}};
        const ak_segments whole = {1, nullptr, nullptr};
        for (int64_t layer = 0; layer < layers; ++layer) {
            Tensor x = noise(length * row, dtype), out(length * H * w, dtype), lse(length * H);
            if (other) std::memcpy(x.data(), other->qkv[layer].bytes.data(), shared * row * Tensor::size(dtype));
            call(ak_attention_forward(length, H, K, w, x.data(), scale, &whole, &given, out.data(), lse.floats(), dtype));
            made.qkv.push_back(x), made.wanted.push_back(out);
        }
        return made;
    }

    int32_t take_block() {
        const int32_t block = free.back();
        free.pop_back();
        return block;
    }

    // A text that leaves another after `shared` of its rows: it shares the whole blocks and copies the last one.
    Text fork(const Text& from, int64_t shared, int64_t length) {
        Text made = text(length, &from, shared);
        made.done = made.own = shared;
        made.table.assign(from.table.begin(), from.table.begin() + shared / ak_kv_block);
        if (shared % ak_kv_block > 0) {
            made.table.push_back(take_block());
            call(ak_kv_copy_block(kv, from.table[static_cast<size_t>(shared / ak_kv_block)], made.table.back()));
        }
        return made;
    }

    // Gives each of some texts its next rows, in one call per layer. True if all had the bits wanted.
    bool decode(const std::vector<std::pair<Text*, int64_t>>& next) {
        const int64_t size = Tensor::size(dtype), row_bytes = row * size, out_bytes = H * w * size;
        int64_t rows = 0;
        std::vector<ak_kv_run> runs;
        std::vector<std::vector<int32_t>> tables;
        for (const auto& [text, count] : next) {
            while (static_cast<int64_t>(text->table.size()) * ak_kv_block < text->done + count) text->table.push_back(take_block());
            tables.push_back(seen_blocks(*text, count));
            rows += count;
        }
        for (size_t i = 0; i < next.size(); ++i) runs.push_back({next[i].second, next[i].first->done, tables[i].data(), static_cast<int64_t>(tables[i].size())});
        bool same = true;
        for (int64_t layer = 0; layer < layers; ++layer) {
            Tensor x(rows * row, dtype), out(rows * H * w, dtype);
            int64_t at = 0;
            for (const auto& [text, count] : next) {
                std::memcpy(&x.bytes[at * row_bytes], &text->qkv[layer].bytes[text->done * row_bytes], count * row_bytes);
                at += count;
            }
            call(ak_kv_attention(kv, layer, static_cast<int64_t>(runs.size()), runs.data(), H, x.data(), scale, &given, out.data()));
            at = 0;
            for (const auto& [text, count] : next) {
                same &= std::memcmp(&out.bytes[at * out_bytes], &text->wanted[layer].bytes[text->done * out_bytes], count * out_bytes) == 0;
                at += count;
            }
            same &= out.guarded();
        }
        for (const auto& [text, count] : next) text->done += count;
        return same;
    }

private:
    int64_t H, w, row, K;
    int dtype;
    Mask mask;
    std::vector<float> slopes;
    ak_kv* kv;
    ak_attention_mask given;
    std::vector<int32_t> free;
    double scale = 0.3;

    // The table, without the blocks that no new row sees.
    std::vector<int32_t> seen_blocks(const Text& text, int64_t count) const {
        std::vector<int32_t> table = text.table;
        for (size_t b = 0; b < table.size(); ++b) {
            bool is_seen = false;
            for (int64_t t = text.done; t < text.done + count; ++t)
                for (int64_t key = static_cast<int64_t>(b) * ak_kv_block; key < static_cast<int64_t>(b + 1) * ak_kv_block; ++key) is_seen |= mask.sees(t, key, 0);
            if (!is_seen) table[b] = -1;
        }
        return table;
    }

    // Fills all blocks with NaN, as the rest of a text that was there before.
    void poison() {
        const int64_t blocks = static_cast<int64_t>(free.size());
        Tensor x(blocks * ak_kv_block * row, dtype), out(blocks * ak_kv_block * H * w, dtype);
        for (int64_t i = 0; i < x.count; ++i) x.put(i, NAN);
        std::vector<ak_kv_run> runs;
        for (int64_t b = 0; b < blocks; ++b) runs.push_back({ak_kv_block, 0, &free[static_cast<size_t>(b)], 1});
        for (int64_t layer = 0; layer < layers; ++layer) call(ak_kv_attention(kv, layer, blocks, runs.data(), H, x.data(), scale, nullptr, out.data()));
    }
};

}  // namespace

void cached_attention(int64_t H, int64_t K, int64_t w, const Mask& mask, int dtype) {
    Cache cache(H, K, w, mask, dtype, 60);
    std::vector<Text> texts;
    for (int64_t length : {1, 33, 64, 170, 203}) texts.push_back(cache.text(length));
    bool same = true;
    const auto finish = [&](int threads) {
        ak_set_threads(threads);
        for (;;) {
            std::vector<std::pair<Text*, int64_t>> next;
            for (Text& text : texts) {
                if (text.done > 0 && draw(0, 9) == 0) text.done -= draw(0, std::min<int64_t>(text.done - text.own, 5));  // the last rows once more
                if (const int64_t left = text.length - text.done; left > 0 && draw(0, 3) > 0) next.push_back({&text, std::min(left, draw(0, 2) > 0 ? 1 : draw(1, 70))});
            }
            const bool is_finished = std::all_of(texts.begin(), texts.end(), [](const Text& text) { return text.done == text.length; });
            if (is_finished) return;
            std::shuffle(next.begin(), next.end(), generator);
            if (!next.empty()) same &= cache.decode(next);
        }
    };
    finish(2);
    // Texts that leave others inside a block, between two, and inside a pair; the others stay as they are.
    for (int64_t shared : {1, 64, 100, 137}) texts.push_back(cache.fork(texts[4], shared, 180));
    finish(4);
    texts[4].done = 141;
    finish(static_cast<int>(draw(1, 3)));
    ak_set_threads(2);
    report(same, named("cached attention: bits of the training forward", {H, K, w}, dtype) + mask.name());
}
