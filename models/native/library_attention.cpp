// The C boundary: attention, its cache of keys and values, and sampling.
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "boundary.h"
#include "visibility.h"

using namespace ak;

namespace {

void check_heads(int64_t heads, int64_t kv_heads, int64_t head_width, int dtype) {
    check_dtype(dtype);
    check_size("heads", heads);
    check_size("kv_heads", kv_heads);
    check_size("head_width", head_width);
    check_sizes("heads and head_width", {heads, head_width});
    check(heads % kv_heads == 0, std::to_string(heads) + " query heads cannot share " + std::to_string(kv_heads) + " key heads evenly");
}

void check_segments(int64_t rows, const ak_segments* segments) {
    check_size("rows", rows);
    check(segments != nullptr, "the segments are null");
    check_size("the number of segments", segments->count);
    if (!segments->ends) check(rows % segments->count == 0, std::to_string(rows) + " rows are not " + std::to_string(segments->count) + " equal segments");
    for (int64_t i = 0, begin = 0; i < segments->count; ++i) {
        const int64_t end = segments->ends ? segments->ends[i] : rows / segments->count * (i + 1), prefix = segments->prefixes ? segments->prefixes[i] : 0;
        check(end > begin, "segment " + std::to_string(i) + " is empty");
        check(prefix >= 0 && prefix <= end - begin, "prefixes[" + std::to_string(i) + "] is " + std::to_string(prefix) + ", outside 0.." + std::to_string(end - begin));
        begin = end;
    }
    check(!segments->ends || segments->ends[segments->count - 1] == rows, "the segments do not end with the " + std::to_string(rows) + " rows");
}

const ak_attention_mask& checked(const ak_attention_mask* mask, double scale, int64_t heads) {
    static const ak_attention_mask causal = {};
    check(scale > 0 && std::isfinite(scale), "scale is " + std::to_string(scale) + ", but must be positive and finite");
    if (!mask) return causal;
    check(mask->window >= 0, "window is " + std::to_string(mask->window) + ", but must not be negative");
    check(mask->sinks >= 0, "sinks is " + std::to_string(mask->sinks) + ", but must not be negative");
    for (int64_t h = 0; mask->slopes && h < heads; ++h) check_finite(("slopes[" + std::to_string(h) + "]").c_str(), mask->slopes[h]);
    return *mask;
}

void check_block(const ak_kv* kv, const std::string& name, int64_t block) {
    check(block >= 0 && block < kv->blocks, name + " is " + std::to_string(block) + ", outside 0.." + std::to_string(kv->blocks - 1));
}

void check_kv(const ak_kv* kv) {
    check(kv != nullptr, "the cache is null");
    check(&kv->kernels == &kernels(), std::string("the cache was made for ") + kv->kernels.name + ", but the kernels in use are " + kernels().name);
}

void check_runs(const ak_kv* kv, int64_t runs, const ak_kv_run* run, const ak_attention_mask& mask) {
    std::vector<int32_t> written;
    for (int64_t i = 0; i < runs; ++i) {
        const std::string name = "run " + std::to_string(i);
        const int64_t room = run[i].block_count * ak_kv_block, rows = run[i].rows, position = run[i].position;
        check(rows > 0, name + " has no rows");
        check(position >= 0, name + " begins at position " + std::to_string(position));
        check(rows <= room && position <= room - rows, name + " has " + std::to_string(rows) + " rows from position " + std::to_string(position) + " on, beyond its " +
                                                           std::to_string(run[i].block_count) + " blocks of " + std::to_string(ak_kv_block));
        const int64_t end = position + rows;
        const ak::Keys keys = ak::blocks_seen(ak::keys_seen(mask, position), ak::keys_seen(mask, end - 1));
        for (int64_t key = keys.from(0); key < keys.end; key = keys.from(key + ak_kv_block))
            check_block(kv, name + ": blocks[" + std::to_string(key / ak_kv_block) + "]", run[i].blocks[key / ak_kv_block]);
        written.insert(written.end(), run[i].blocks + position / ak_kv_block, run[i].blocks + ak::ceil_div(end, ak_kv_block));
    }
    std::sort(written.begin(), written.end());
    const auto twice = std::adjacent_find(written.begin(), written.end());
    check(twice == written.end(), twice == written.end() ? "" : "block " + std::to_string(*twice) + " is written to twice");
}

void check_sampling(int64_t row, int64_t vocabulary, const ak_sampling& options) {
    const auto check_that = [&](bool holds, const char* name, auto value, const std::string& bounds) {
        if (!holds) throw Error(std::string(name) + " of row " + std::to_string(row) + " is " + std::to_string(value) + ", but must be " + bounds);
    };
    const double temperature = options.temperature, penalty = options.repetition_penalty;
    check_that(options.uniform >= 0 && options.uniform < 1, "uniform", options.uniform, "at least 0 and below 1");
    check_that(temperature == 0 || is_temperature(temperature), "temperature", temperature, std::string("0, or ") + temperature_bounds);
    check_that(options.top_p > 0 && options.top_p <= 1, "top_p", options.top_p, "above 0 and at most 1");
    check_that(options.min_p >= 0 && options.min_p <= 1, "min_p", options.min_p, "from 0 to 1");
    check_that(penalty >= 0.001 && penalty <= 1000, "repetition_penalty", penalty, "from 0.001 to 1000");
    check_that(options.top_k >= 0, "top_k", options.top_k, "at least 0");
    check_that(options.pieces > 0 && options.pieces <= vocabulary, "pieces", options.pieces, "positive and at most the vocabulary");
    for (int64_t i = 0; i < options.seen_count; ++i)
        check_that(options.seen[i] >= 0 && options.seen[i] < vocabulary, "an id seen", options.seen[i], "in the vocabulary");
}

}  // namespace

extern "C" {

int ak_rope(int64_t rows, int64_t heads, int64_t head_width, int64_t row_width, void* x, const int64_t* positions, int64_t table_rows, const float* cos,
            const float* sin, int inverse, int dtype) {
    return guarded([&] {
        check_size("rows", rows);
        check_heads(heads, 1, head_width, dtype);
        check(head_width % 2 == 0, "a rotation needs an even head width, not " + std::to_string(head_width));
        check(heads * head_width <= row_width, "the heads to rotate are wider than a row of " + std::to_string(row_width));
        check_size("table_rows", table_rows);
        if (positions) check_ids("positions", rows, positions, 0, table_rows);
        kernels().rope(rows, heads, head_width, row_width, x, positions, table_rows, cos, sin, inverse != 0, dtype);
    });
}

int ak_attention_forward(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_width, const void* qkv, double scale, const ak_segments* segments,
                         const ak_attention_mask* mask, void* out, float* lse, int dtype) {
    return guarded([&] {
        check_heads(heads, kv_heads, head_width, dtype);
        check_segments(rows, segments);
        kernels().attention_forward(rows, heads, kv_heads, head_width, qkv, static_cast<float>(scale), *segments, checked(mask, scale, heads), out, lse, dtype);
    });
}

int ak_attention_backward(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_width, const void* qkv, const void* out, const float* lse,
                          const void* dout, double scale, const ak_segments* segments, const ak_attention_mask* mask, void* dqkv, int dtype) {
    return guarded([&] {
        check_heads(heads, kv_heads, head_width, dtype);
        check_segments(rows, segments);
        kernels().attention_backward(rows, heads, kv_heads, head_width, qkv, out, lse, dout, static_cast<float>(scale), *segments, checked(mask, scale, heads), dqkv, dtype);
    });
}

ak_kv* ak_kv_new(int64_t layers, int64_t blocks, int64_t kv_heads, int64_t head_width, int dtype) {
    std::unique_ptr<ak_kv> kv;
    guarded([&] {
        check_size("layers", layers);
        check_size("blocks", blocks);
        check_heads(kv_heads, kv_heads, head_width, dtype);
        check_sizes("layers, blocks, kv_heads and head_width", {layers, blocks, kv_heads, head_width, 2 * ak_kv_block});
        auto fresh = std::make_unique<ak_kv>(layers, blocks, kv_heads, head_width, dtype, kernels());
        kernels().kv_reserve(*fresh);
        kv = std::move(fresh);
    });
    return kv.release();
}

void ak_kv_free(ak_kv* kv) { delete kv; }

int ak_kv_copy_block(ak_kv* kv, int64_t from, int64_t to) {
    return guarded([&] {
        check_kv(kv);
        check_block(kv, "from", from);
        check_block(kv, "to", to);
        for (int64_t layer = 0; layer < kv->layers && from != to; ++layer)
            std::memcpy(kv->block(layer, to), kv->block(layer, from), static_cast<size_t>(kv->block_floats()) * sizeof(float));
    });
}

int ak_kv_attention(ak_kv* kv, int64_t layer, int64_t runs, const ak_kv_run* run, int64_t heads, const void* qkv, double scale,
                    const ak_attention_mask* mask, void* out) {
    return guarded([&] {
        check_kv(kv);
        check_heads(heads, kv->kv_heads, kv->head_width, kv->dtype);
        check(layer >= 0 && layer < kv->layers, "layer is " + std::to_string(layer) + ", outside 0.." + std::to_string(kv->layers - 1));
        check_size("runs", runs);
        check_runs(kv, runs, run, checked(mask, scale, heads));
        kernels().kv_attention(*kv, layer, runs, run, heads, qkv, static_cast<float>(scale), checked(mask, scale, heads), out);
    });
}

int ak_sample(int64_t rows, int64_t vocabulary, const float* logits, const ak_sampling* options, ak_sampled* sampled) {
    return guarded([&] {
        check_size("rows", rows);
        check_size("vocabulary", vocabulary);
        for (int64_t row = 0; row < rows; ++row) check_sampling(row, vocabulary, options[row]);
        kernels().sample(rows, vocabulary, logits, options, sampled);
        for (int64_t row = 0; row < rows; ++row)
            if (sampled[row].token < 0)
                throw Error("row " + std::to_string(row) + " of the logits has no distribution: NaN, infinity, or nothing that may be drawn");
    });
}

}  // extern "C"
