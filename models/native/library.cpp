// The C boundary: chooses the instruction set, checks arguments, turns exceptions into error codes.
#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "kernels.h"
#include "kernels_table.h"
#include "visibility.h"

namespace {

using ak::Error;
using ak::Kernels;

thread_local std::string error;

bool has_v3() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"); }
bool has_v4() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd");
}

const Kernels* best() {
    if (!has_v3()) return nullptr;
    if (!has_v4()) return &ak::v3::kernels;
    return __builtin_cpu_supports("avx512bf16") ? &ak::v4bf16::kernels : &ak::v4::kernels;
}

const Kernels* chosen = best();

const Kernels& kernels() {
    if (!chosen) throw Error("this CPU is older than x86-64-v3 (AVX2 and FMA), which the kernels need");
    return *chosen;
}

void check(bool holds, const std::string& otherwise) {
    if (!holds) throw Error(otherwise);
}

void check_dtype(int dtype) { check(dtype == ak_f32 || dtype == ak_bf16, "dtype " + std::to_string(dtype) + " is neither ak_f32 (0) nor ak_bf16 (1)"); }

void check_size(const char* name, int64_t value) { check(value > 0, std::string(name) + " is " + std::to_string(value) + ", but must be positive"); }

void check_lanes(int64_t lanes, int64_t rows, int accumulate) {
    check(lanes > 0 && (lanes & (lanes - 1)) == 0 && lanes <= int64_t{1} << ak::max_lane_levels, std::to_string(lanes) + " lanes are not a power of two up to 2^16");
    check(rows % lanes == 0, std::to_string(rows) + " rows cannot be shared evenly by " + std::to_string(lanes) + " lanes");
    check(lanes == 1 || !accumulate, "the gradients of several lanes cannot be accumulated onto others");
}

void check_packed(const ak_linear* linear) {
    check(linear != nullptr, "the linear is null");
    check(linear->is_packed, "the linear has no weight yet: call ak_linear_pack first");
}

void check_ids(const char* name, int64_t count, const int64_t* ids, int64_t least, int64_t limit) {
    for (int64_t i = 0; i < count; ++i)
        if (ids[i] < least || ids[i] >= limit)
            throw Error(std::string(name) + "[" + std::to_string(i) + "] is " + std::to_string(ids[i]) + ", outside " + std::to_string(least) + ".." +
                        std::to_string(limit - 1));
}

void check_heads(int64_t heads, int64_t kv_heads, int64_t head_width, int dtype) {
    check_dtype(dtype);
    check_size("heads", heads);
    check_size("kv_heads", kv_heads);
    check_size("head_width", head_width);
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

const ak_attention_mask& checked(const ak_attention_mask* mask, double scale) {
    static const ak_attention_mask causal = {};
    check(scale > 0, "scale is " + std::to_string(scale) + ", but must be positive");
    if (!mask) return causal;
    check(mask->window >= 0, "window is " + std::to_string(mask->window) + ", but must not be negative");
    check(mask->sinks >= 0, "sinks is " + std::to_string(mask->sinks) + ", but must not be negative");
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

void check_ranges(int64_t count, int64_t ranges, const ak_adamw_range* range) {
    for (int64_t i = 0, from = 0; i < ranges; from = range[i++].end) {
        check(range[i].end > from, "range " + std::to_string(i) + " of an update is empty");
        check(range[i].end % 16 == 0 || i == ranges - 1, "range " + std::to_string(i) + " of an update does not end at a multiple of 16");
    }
    check(ranges > 0 && range[ranges - 1].end == count, "the ranges of an update do not end with it");
}

void check_sampling(int64_t row, int64_t vocabulary, const ak_sampling& options) {
    const auto check_that = [&](bool holds, const char* name, auto value, const std::string& bounds) {
        if (!holds) throw Error(std::string(name) + " of row " + std::to_string(row) + " is " + std::to_string(value) + ", but must be " + bounds);
    };
    const double temperature = options.temperature, penalty = options.repetition_penalty;
    check_that(options.uniform >= 0 && options.uniform < 1, "uniform", options.uniform, "at least 0 and below 1");
    check_that(temperature == 0 || (temperature >= 0.001 && temperature <= 1000), "temperature", temperature, "0, or from 0.001 to 1000");
    check_that(options.top_p > 0 && options.top_p <= 1, "top_p", options.top_p, "above 0 and at most 1");
    check_that(options.min_p >= 0 && options.min_p <= 1, "min_p", options.min_p, "from 0 to 1");
    check_that(penalty >= 0.001 && penalty <= 1000, "repetition_penalty", penalty, "from 0.001 to 1000");
    check_that(options.top_k >= 0, "top_k", options.top_k, "at least 0");
    check_that(options.pieces > 0 && options.pieces <= vocabulary, "pieces", options.pieces, "positive and at most the vocabulary");
    for (int64_t i = 0; i < options.seen_count; ++i)
        check_that(options.seen[i] >= 0 && options.seen[i] < vocabulary, "an id seen", options.seen[i], "in the vocabulary");
}

template <class Body>
int guarded(const Body& body) {
    try {
        body();
        return 0;
    } catch (const std::bad_alloc&) {
        error = "out of memory for the scratch of a kernel";
    } catch (const std::exception& e) {
        error = e.what();
    }
    return 1;
}

}  // namespace

extern "C" {

int ak_configure(int isa) {
    return guarded([&] {
        kernels();
        switch (isa) {
            case ak_isa_best: chosen = best(); break;
            case ak_isa_portable: chosen = &ak::v3::kernels; break;
            case ak_isa_avx512:
                check(has_v4(), "this CPU has no AVX-512 (x86-64-v4)");
                chosen = &ak::v4::kernels;
                break;
            case ak_isa_avx512_bf16:
                check(has_v4() && __builtin_cpu_supports("avx512bf16"), "this CPU has no AVX-512 bf16");
                chosen = &ak::v4bf16::kernels;
                break;
            default: throw Error("isa " + std::to_string(isa) + " is neither ak_isa_best (0) nor ak_isa_portable (1)");
        }
    });
}

const char* ak_description(void) {
    return chosen ? chosen->name : "none: this CPU is older than x86-64-v3";
}

const char* ak_error(void) { return error.c_str(); }

void ak_set_threads(int threads) { ak::set_threads(threads); }

ak_linear* ak_linear_new(int64_t in, int64_t out, int dtype) {
    ak_linear* linear = nullptr;
    guarded([&] {
        check_size("in", in);
        check_size("out", out);
        check_dtype(dtype);
        linear = new ak_linear(in, out, dtype);
    });
    return linear;
}

void ak_linear_free(ak_linear* linear) { delete linear; }

int ak_linear_pack(ak_linear* linear, const float* weight) {
    return guarded([&] {
        check(linear != nullptr, "the linear is null");
        kernels().linear_pack(*linear, weight);
        linear->is_packed = true;
    });
}

int64_t ak_linear_packed(const ak_linear* linear, int copy, float** words) {
    if (!linear || !linear->is_packed) return 0;
    *words = copy ? linear->gradient.data() : linear->forward.data();
    return copy ? linear->gradient_floats : linear->forward_floats;
}

int ak_linear_forward(ak_linear* linear, int64_t rows, const void* x, const float* bias, const float* residual, void* y, int y_dtype) {
    return guarded([&] {
        check_packed(linear);
        check_dtype(y_dtype);
        check_size("rows", rows);
        check(!residual || y_dtype == ak_f32, "a residual needs y of ak_f32");
        kernels().linear_forward(*linear, rows, x, bias, residual, y, y_dtype);
    });
}

int ak_linear_input_gradient(ak_linear* linear, int64_t rows, const void* dy, void* dx) {
    return guarded([&] {
        check_packed(linear);
        check_size("rows", rows);
        kernels().linear_input_gradient(*linear, rows, dy, dx);
    });
}

int ak_linear_weight_gradient(ak_linear* linear, int64_t rows, int64_t lanes, const void* dy, const void* x, float* dw, float* db, int accumulate) {
    return guarded([&] {
        check(linear != nullptr, "the linear is null");
        check_size("rows", rows);
        check_lanes(lanes, rows, accumulate);
        kernels().linear_weight_gradient(*linear, rows, lanes, dy, x, dw, db, accumulate != 0);
    });
}

int ak_layer_norm_forward(int64_t rows, int64_t width, const float* x, const float* weight, const float* bias, double epsilon, void* y, int y_dtype,
                          float* mean, float* rstd) {
    return guarded([&] {
        check_size("rows", rows);
        check_size("width", width);
        check_dtype(y_dtype);
        kernels().layer_norm_forward(rows, width, x, weight, bias, static_cast<float>(epsilon), y, y_dtype, mean, rstd);
    });
}

int ak_layer_norm_backward(int64_t rows, int64_t lanes, int64_t width, const void* dy, int dy_dtype, const float* x, const float* weight, const float* mean,
                           const float* rstd, const float* residual_gradient, float* dx, float* dweight, float* dbias, int accumulate) {
    return guarded([&] {
        check_size("rows", rows);
        check_size("width", width);
        check_dtype(dy_dtype);
        check_lanes(lanes, rows, accumulate);
        kernels().layer_norm_backward(rows, lanes, width, dy, dy_dtype, x, weight, mean, rstd, residual_gradient, dx, dweight, dbias, accumulate != 0);
    });
}

int ak_rms_norm_forward(int64_t rows, int64_t width, const float* x, const float* weight, double epsilon, void* y, int y_dtype, float* rstd) {
    return guarded([&] {
        check_size("rows", rows);
        check_size("width", width);
        check_dtype(y_dtype);
        kernels().rms_norm_forward(rows, width, x, weight, static_cast<float>(epsilon), y, y_dtype, rstd);
    });
}

int ak_rms_norm_backward(int64_t rows, int64_t lanes, int64_t width, const void* dy, int dy_dtype, const float* x, const float* weight, const float* rstd,
                         const float* residual_gradient, float* dx, float* dweight, int accumulate) {
    return guarded([&] {
        check_size("rows", rows);
        check_size("width", width);
        check_dtype(dy_dtype);
        check_lanes(lanes, rows, accumulate);
        kernels().rms_norm_backward(rows, lanes, width, dy, dy_dtype, x, weight, rstd, residual_gradient, dx, dweight, accumulate != 0);
    });
}

int ak_gelu_forward(int64_t count, const void* x, void* y, int dtype) {
    return guarded([&] {
        check_dtype(dtype);
        kernels().gelu_forward(count, x, y, dtype);
    });
}

int ak_gelu_backward(int64_t count, const void* x, const void* dy, void* dx, int dtype) {
    return guarded([&] {
        check_dtype(dtype);
        kernels().gelu_backward(count, x, dy, dx, dtype);
    });
}

int ak_swiglu_forward(int64_t rows, int64_t width, const void* gate_up, void* y, int dtype) {
    return guarded([&] {
        check_dtype(dtype);
        check_size("width", width);
        kernels().swiglu_forward(rows, width, gate_up, y, dtype);
    });
}

int ak_swiglu_backward(int64_t rows, int64_t width, const void* gate_up, const void* dy, void* d_gate_up, int dtype) {
    return guarded([&] {
        check_dtype(dtype);
        check_size("width", width);
        kernels().swiglu_backward(rows, width, gate_up, dy, d_gate_up, dtype);
    });
}

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
        kernels().attention_forward(rows, heads, kv_heads, head_width, qkv, static_cast<float>(scale), *segments, checked(mask, scale), out, lse, dtype);
    });
}

int ak_attention_backward(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_width, const void* qkv, const void* out, const float* lse,
                          const void* dout, double scale, const ak_segments* segments, const ak_attention_mask* mask, void* dqkv, int dtype) {
    return guarded([&] {
        check_heads(heads, kv_heads, head_width, dtype);
        check_segments(rows, segments);
        kernels().attention_backward(rows, heads, kv_heads, head_width, qkv, out, lse, dout, static_cast<float>(scale), *segments, checked(mask, scale), dqkv, dtype);
    });
}

ak_kv* ak_kv_new(int64_t layers, int64_t blocks, int64_t kv_heads, int64_t head_width, int dtype) {
    std::unique_ptr<ak_kv> kv;
    guarded([&] {
        check_size("layers", layers);
        check_size("blocks", blocks);
        check_heads(kv_heads, kv_heads, head_width, dtype);
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
        check_runs(kv, runs, run, checked(mask, scale));
        kernels().kv_attention(*kv, layer, runs, run, heads, qkv, static_cast<float>(scale), checked(mask, scale), out);
    });
}

int ak_embedding_forward(int64_t batch, int64_t time, int64_t width, const int64_t* tokens, const int64_t* positions, const float* token_weight,
                         const float* position_weight, float* x) {
    return guarded([&] {
        check_size("batch", batch);
        check_size("time", time);
        check_size("width", width);
        check_ids("tokens", batch * time, tokens, 0, INT64_MAX);
        if (positions) check_ids("positions", batch * time, positions, 0, INT64_MAX);
        kernels().embedding_forward(batch, time, width, tokens, positions, token_weight, position_weight, x);
    });
}

int ak_embedding_backward(int64_t batch, int64_t time, int64_t width, int64_t vocabulary, const int64_t* tokens, const float* dx,
                          float token_scale, float* d_token, float* d_position, int accumulate_tokens, int accumulate_positions, int64_t lanes,
                          ak_token_rows* token_rows) {
    return guarded([&] {
        check_size("batch", batch);
        check_size("time", time);
        check_size("width", width);
        check_size("vocabulary", vocabulary);
        check_ids("tokens", batch * time, tokens, 0, vocabulary);
        check_lanes(lanes, batch, accumulate_positions);
        check(lanes == 1 || (token_rows && token_rows->lanes == lanes), "several lanes of an embedding need token_rows, begun with as many");
        kernels().embedding_backward(batch, time, width, vocabulary, tokens, dx, token_scale, d_token, d_position, accumulate_tokens != 0,
                                     accumulate_positions != 0, lanes, token_rows);
    });
}

int ak_head(ak_linear* head, int64_t rows, const void* x, const int64_t* targets, const ak_objective* objective, const ak_head_rows* results, void* dx,
            float* dw, int accumulate, int64_t lanes, ak_token_rows* token_rows) {
    return guarded([&] {
        check_packed(head);
        check_size("rows", rows);
        check_ids("targets", rows, targets, -1, head->out);
        check((dx == nullptr) == (dw == nullptr), "of dx and dw, one is null: a gradient has both");
        for (int64_t i = 0; objective->temperatures && i < rows; ++i)
            check(objective->temperatures[i] > 0, "temperatures[" + std::to_string(i) + "] is " + std::to_string(objective->temperatures[i]) +
                                                      ", but must be positive");
        check(objective->soft_cap >= 0, "soft_cap is " + std::to_string(objective->soft_cap) + ", but must not be negative");
        check_lanes(lanes, rows, accumulate);
        check(lanes == 1 || !token_rows || token_rows->lanes == lanes, "token_rows was begun with another number of lanes");
        kernels().head(*head, rows, x, targets, *objective, *results, dx, dw, accumulate != 0, lanes, lanes > 1 ? token_rows : nullptr);
    });
}

ak_token_rows* ak_token_rows_new(int64_t vocabulary, int64_t width) {
    ak_token_rows* token_rows = nullptr;
    guarded([&] {
        check_size("vocabulary", vocabulary);
        check_size("width", width);
        token_rows = new ak_token_rows(vocabulary, width);
    });
    return token_rows;
}

void ak_token_rows_free(ak_token_rows* token_rows) { delete token_rows; }

int ak_token_rows_begin(ak_token_rows* token_rows, int64_t lanes, int64_t rows, const int64_t* tokens) {
    return guarded([&] {
        check(token_rows != nullptr, "token_rows is null");
        check_size("rows", rows);
        check_lanes(lanes, rows, 0);
        check_ids("tokens", rows, tokens, 0, static_cast<int64_t>(token_rows->places.size()));
        token_rows->begin(lanes, rows, tokens);
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

int ak_convert(int64_t count, const float* from, void* to_bf16) {
    return guarded([&] { kernels().convert(count, from, to_bf16); });
}

double ak_sum_squares(int64_t count, const float* x) {
    double sum = 0;
    return guarded([&] { sum = kernels().sum_squares(count, x); }) == 0 ? sum : __builtin_nan("");
}

int ak_sum(int64_t count, const float* left, const float* right, float* to, const ak_sum_report* report) {
    return guarded([&] {
        for (int64_t i = 0, from = 0; i < report->cells; from = report->cell_ends[i++])
            check(report->cell_ends[i] > from, "cell " + std::to_string(i) + " of a sum is empty");
        check(report->cells == 0 || report->cell_ends[report->cells - 1] == count, "the cells of a sum do not end with it");
        kernels().sum(count, left, right, to, *report);
    });
}

int ak_checksums(int64_t vectors, const float* const* x, const int64_t* counts, uint64_t* found) {
    return guarded([&] { kernels().checksums(vectors, x, counts, found); });
}

int ak_adamw(int64_t count, float* w, const float* g, float* m, float* v, const ak_adamw_constants* constants, int64_t ranges,
             const ak_adamw_range* range, uint64_t* checksums, double* update_squares) {
    return guarded([&] {
        check_ranges(count, ranges, range);
        kernels().adamw(count, w, g, m, v, *constants, ranges, range, checksums, update_squares, true);
    });
}

int ak_adamw_preview(int64_t count, const float* w, const float* g, const float* m, const float* v, const ak_adamw_constants* constants, int64_t ranges,
                     const ak_adamw_range* range, uint64_t* checksums, double* update_squares) {
    return guarded([&] {
        check_ranges(count, ranges, range);
        kernels().adamw(count, const_cast<float*>(w), g, const_cast<float*>(m), const_cast<float*>(v), *constants, ranges, range, checksums, update_squares, false);
    });
}

double ak_adamw_ratio(int64_t count, const float* g, const float* v, const ak_adamw_constants* constants, float clip) {
    double sum = 0;
    return guarded([&] { sum = kernels().adamw_ratio(count, g, v, *constants, clip); }) == 0 ? sum : __builtin_nan("");
}

}  // extern "C"
