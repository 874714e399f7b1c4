// NaN, which must show wherever the mathematics lets it through, and arguments that must be refused.
#include "checks.h"

static bool any_nan(const Tensor& t) {
    for (int64_t i = 0; i < t.count; ++i)
        if (std::isnan(t.at(i))) return true;
    return false;
}
static bool is_nan(const Tensor& t, int64_t from, int64_t count) {
    for (int64_t i = from; i < from + count; ++i)
        if (!std::isnan(t.at(i))) return false;
    return true;
}

// Each operation gets one NaN and must show it wherever the mathematics does.
void nan_goes_through(int dtype) {
    const int64_t rows = 9, width = 40;
    Tensor x = noise(rows * width, dtype), y(rows * width, dtype), dy = noise(rows * width, dtype), wide = noise(rows * width);
    x.put(3 * width + 5, NAN);
    wide.put(3 * width + 5, NAN);
    Tensor w = noise(width * width), dw(width * width), mean(rows), rstd(rows), weight = noise(width), bias = noise(width), dx(rows * width), dweight(width), dbias(width);
    ak_linear* layer = ak_linear_new(width, width, dtype);
    call(ak_linear_pack(layer, w.floats()));
    call(ak_linear_forward(layer, rows, x.data(), nullptr, nullptr, y.data(), dtype));
    report(is_nan(y, 3 * width, width) && !std::isnan(y.at(0)), named("NaN through linear forward", {}, dtype));
    call(ak_linear_weight_gradient(layer, rows, 1, dy.data(), x.data(), dw.floats(), nullptr, 0));
    report(std::isnan(dw.at(5)) && !std::isnan(dw.at(4)), named("NaN through linear weight gradient", {}, dtype));
    std::vector<int64_t> targets(rows, 2);
    Tensor loss(rows), d(rows * width, dtype);
    ak_objective objective = {};
    objective.scale = 1;
    Tensor log_probability(rows), entropy(rows), entropy_weights = noise(rows), d_entropy(rows * width, dtype);
    const ak_head_rows results = {loss.floats(), log_probability.floats(), entropy.floats()};
    call(ak_head(layer, rows, x.data(), targets.data(), &objective, &results, d.data(), dw.floats(), 0, 1, nullptr));
    objective.entropy_weights = entropy_weights.floats(), objective.soft_cap = 3;
    Tensor dw_entropy(width * width);
    const ak_head_rows none = {};
    call(ak_head(layer, rows, x.data(), targets.data(), &objective, &none, d_entropy.data(), dw_entropy.floats(), 0, 1, nullptr));
    report(std::isnan(entropy.at(3)) && std::isnan(log_probability.at(3)) && !std::isnan(entropy.at(4)) && is_nan(d_entropy, 3 * width, width) && !std::isnan(d_entropy.at(4 * width)),
           named("NaN through entropy and its gradient", {}, dtype));
    report(std::isnan(loss.at(3)) && !std::isnan(loss.at(2)) && is_nan(d, 3 * width, width) && !std::isnan(d.at(2 * width)) && is_nan(dw, 0, width),
           named("NaN through the head", {}, dtype));
    ak_linear_free(layer);
    w.put(7, NAN);
    layer = ak_linear_new(width, width, dtype);
    call(ak_linear_pack(layer, w.floats()));
    call(ak_linear_forward(layer, rows, dy.data(), nullptr, nullptr, y.data(), dtype));
    report(std::isnan(y.at(0)) && !std::isnan(y.at(1)), named("NaN of a weight through linear forward", {}, dtype));
    ak_linear_free(layer);
    call(ak_layer_norm_forward(rows, width, wide.floats(), weight.floats(), bias.floats(), 1e-5, y.data(), dtype, mean.floats(), rstd.floats()));
    report(is_nan(y, 3 * width, width), named("NaN through layer norm", {}, dtype));
    call(ak_layer_norm_backward(rows, 1, width, dy.data(), dtype, wide.floats(), weight.floats(), mean.floats(), rstd.floats(), nullptr, dx.floats(), dweight.floats(),
                                dbias.floats(), 0));
    report(is_nan(dx, 3 * width, width) && is_nan(dweight, 0, width), named("NaN through layer norm backward", {}, dtype));
    call(ak_rms_norm_forward(rows, width, wide.floats(), weight.floats(), 1e-5, y.data(), dtype, rstd.floats()));
    report(is_nan(y, 3 * width, width), named("NaN through rms norm", {}, dtype));
    call(ak_gelu_forward(rows * width, x.data(), y.data(), dtype));
    report(std::isnan(y.at(3 * width + 5)), named("NaN through gelu", {}, dtype));
    call(ak_gelu_backward(rows * width, x.data(), dy.data(), y.data(), dtype));
    report(std::isnan(y.at(3 * width + 5)), named("NaN through gelu backward", {}, dtype));
    Tensor half(rows * width / 2, dtype);
    call(ak_swiglu_forward(rows, width / 2, x.data(), half.data(), dtype));
    report(std::isnan(half.at(3 * width / 2 + 5)), named("NaN through swiglu", {}, dtype));
    for (int part = 0; part < 3; ++part) {
        const int64_t T = 50, hd = 16;
        Tensor qkv = noise(T * 3 * hd, dtype), out(T * hd, dtype), dout = noise(T * hd, dtype), l(T), dqkv(qkv.count, dtype);
        qkv.put(20 * 3 * hd + part * hd + 3, NAN);
        const ak_segments whole = {1, nullptr, nullptr};
        call(ak_attention_forward(T, 1, 1, hd, qkv.data(), 0.25, &whole, nullptr, out.data(), l.floats(), dtype));
        call(ak_attention_backward(T, 1, 1, hd, qkv.data(), out.data(), l.floats(), dout.data(), 0.25, &whole, nullptr, dqkv.data(), dtype));
        const bool shown = part == 2 ? std::isnan(out.at(20 * hd + 3)) && std::isnan(out.at(49 * hd + 3)) : is_nan(out, 20 * hd, hd);
        report(shown && any_nan(dqkv), named("NaN through attention, in part", {part}, dtype));
    }
    Tensor m(64), v(64), g = noise(64), p = noise(64);
    for (int64_t i = 0; i < 64; ++i) m.put(i, 0), v.put(i, 0);
    g.put(33, NAN);
    const ak_adamw_range whole = {64, 1, 1e-3f, 0.1f, 0};
    for (float spike : {0.0f, 5000.0f}) {
        const ak_adamw_constants constants = {0.9f, 0.95f, 1e-8f, 0.1f, 0.05f, spike};
        call(ak_adamw(64, p.floats(), g.floats(), m.floats(), v.floats(), &constants, 1, &whole, nullptr, nullptr));
    }
    report(std::isnan(p.at(33)) && !std::isnan(p.at(32)) && std::isnan(ak_sum_squares(64, g.floats())), named("NaN through adamw and the norm", {}, dtype));
}

// A text that is NaN costs no other one a bit, neither beside it in a batch nor after it in the blocks of a cache.
void nan_stays_in_its_text(int dtype) {
    const int64_t heads = 2, hd = 24, row = 3 * heads * hd, rows = 90, first = 37;
    const int64_t ends[] = {first, rows};
    const ak_segments texts = {2, ends, nullptr};
    Tensor clean = noise(rows * row, dtype), spoilt = clean, dout = noise(rows * heads * hd, dtype);
    for (int64_t i = 0; i < first * row; ++i) spoilt.put(i, NAN);
    std::vector<unsigned char> bits[2];
    for (Tensor* qkv : {&clean, &spoilt}) {
        Tensor out(rows * heads * hd, dtype), lse(heads * rows), dqkv(rows * row, dtype);
        call(ak_attention_forward(rows, heads, heads, hd, qkv->data(), 0.2, &texts, nullptr, out.data(), lse.floats(), dtype));
        call(ak_attention_backward(rows, heads, heads, hd, qkv->data(), out.data(), lse.floats(), dout.data(), 0.2, &texts, nullptr, dqkv.data(), dtype));
        auto& to = bits[qkv == &spoilt];
        for (Tensor* t : {&out, &dqkv}) to.insert(to.end(), t->bytes.begin() + t->count / rows * first * Tensor::size(dtype), t->bytes.end());
    }
    report(bits[0] == bits[1], named("NaN stays in its text of a batch", {}, dtype));

    std::vector<unsigned char> decoded[2];
    for (bool after_nan : {false, true}) {
        ak_kv* kv = ak_kv_new(1, 2, heads, hd, dtype);
        const int32_t blocks[] = {1, 0};
        Tensor out(rows * heads * hd, dtype);
        const ak_kv_run all = {64, 0, blocks, 2}, five = {5, 0, blocks, 2}, one = {1, 5, blocks, 2};
        if (after_nan) {
            Tensor nan(64 * row, dtype);
            for (int64_t i = 0; i < nan.count; ++i) nan.put(i, NAN);
            call(ak_kv_attention(kv, 0, 1, &all, heads, nan.data(), 0.2, nullptr, out.data()));
        }
        for (const ak_kv_run& run : {five, one}) {
            call(ak_kv_attention(kv, 0, 1, &run, heads, clean.bytes.data() + run.position * row * Tensor::size(dtype), 0.2, nullptr, out.data()));
            decoded[after_nan].insert(decoded[after_nan].end(), out.bytes.begin(), out.bytes.begin() + run.rows * heads * hd * Tensor::size(dtype));
        }
        ak_kv_free(kv);
    }
    report(decoded[0] == decoded[1], named("NaN stays in its text of a cache", {}, dtype));
}

// Keys and values before the window of every row of a call, behind the sinks, cost no row a bit; nor do they where only earlier rows of a text saw them.
void nan_that_no_row_sees(int64_t sinks, int dtype) {
    const int64_t heads = 2, hd = 24, row = 3 * heads * hd, out_row = heads * hd, rows = 300, size = Tensor::size(dtype), window = 40, new_rows = 23, from = rows - new_rows;
    const ak_attention_mask mask = {window, sinks, nullptr};
    const ak_segments whole = {1, nullptr, nullptr};
    const Tensor clean = noise(rows * row, dtype), dout = noise(rows * out_row, dtype);
    const int64_t pair = dtype == ak_bf16 ? 2 : 1;  // what lies in one cell on some CPUs
    const auto spoilt = [&](int64_t first, int64_t end) {
        Tensor x = clean;
        for (int64_t i = first * row; i < end * row; ++i) x.put(i, i % 2 == 0 ? NAN : INFINITY);
        return x;
    };
    const auto own = [&](const Tensor& t, int64_t first) { return std::vector<unsigned char>(t.bytes.begin() + first * t.count / rows * size, t.bytes.begin() + t.count * size); };

    std::vector<unsigned char> bits[2];
    for (bool is_spoilt : {false, true}) {
        const int64_t end = (from + 1 - window) / pair * pair;
        Tensor x = is_spoilt ? spoilt((sinks + pair - 1) / pair * pair, end) : clean, out(rows * out_row, dtype);
        ak_kv* kv = ak_kv_new(1, 10, heads, hd, dtype);
        const int32_t blocks[] = {3, 1, 4, 0, 5, 9, 2, 6, 8, 7};
        for (const ak_kv_run& run : {ak_kv_run{from, 0, blocks, 10}, ak_kv_run{new_rows, from, blocks, 10}})
            call(ak_kv_attention(kv, 0, 1, &run, heads, x.bytes.data() + run.position * row * size, 0.2, &mask, out.bytes.data() + run.position * out_row * size));
        bits[is_spoilt] = own(out, from);
        bool is_finite = true;
        for (int64_t i = from * out_row; i < out.count; ++i) is_finite &= std::isfinite(out.at(i));
        report(is_finite, named("what no new row sees leaves it finite, sinks", {sinks, is_spoilt}, dtype));
        ak_kv_free(kv);
    }
    report(bits[0] == bits[1], named("what no new row sees costs no bit, sinks", {sinks}, dtype));

    std::vector<unsigned char> trained[2];
    for (bool is_spoilt : {false, true}) {
        const int64_t first = 50, end = 60, unaffected = end + window + 2 * 16;  // a tile of rows, and one of keys that those rows see
        Tensor x = is_spoilt ? spoilt(first, end) : clean, out(rows * out_row, dtype), lse(heads * rows), dqkv(rows * row, dtype);
        call(ak_attention_forward(rows, heads, heads, hd, x.data(), 0.2, &whole, &mask, out.data(), lse.floats(), dtype));
        call(ak_attention_backward(rows, heads, heads, hd, x.data(), out.data(), lse.floats(), dout.bytes.data(), 0.2, &whole, &mask, dqkv.data(), dtype));
        for (const Tensor* t : {&out, &dqkv}) {
            const auto part = own(*t, unaffected);
            trained[is_spoilt].insert(trained[is_spoilt].end(), part.begin(), part.end());
        }
    }
    report(trained[0] == trained[1], named("what is behind every window costs no bit, sinks", {sinks}, dtype));
}

static bool refused(int status, const char* part) { return status != 0 && std::string(ak_error()).find(part) != std::string::npos; }

static void attention_refusals() {
    Tensor x = noise(4 * 64 * 12);
    const auto attention = [&](int64_t heads, int64_t kv_heads, const ak_segments* segments, const ak_attention_mask* mask, double scale = 1) {
        return ak_attention_forward(4, heads, kv_heads, 4, x.data(), scale, segments, mask, x.data(), x.floats(), ak_f32);
    };
    const int64_t ends[] = {2, 4}, empty[] = {4, 4}, short_of[] = {2, 3}, prefixes[] = {0, 3};
    const ak_segments two = {2, ends, nullptr}, one_empty = {2, empty, nullptr}, too_short = {2, short_of, nullptr}, long_prefix = {2, ends, prefixes}, unequal = {3, nullptr, nullptr};
    const ak_attention_mask window = {-1, 0, nullptr}, sinks = {2, -1, nullptr};
    report(refused(attention(3, 2, &two, nullptr), "evenly"), "refuses heads that do not divide");
    report(refused(attention(2, 2, nullptr, nullptr), "segments are null"), "refuses no segments");
    report(refused(attention(2, 2, &one_empty, nullptr), "segment 1 is empty"), "refuses an empty segment");
    report(refused(attention(2, 2, &too_short, nullptr), "do not end with the 4 rows"), "refuses segments that leave rows out");
    report(refused(attention(2, 2, &unequal, nullptr), "not 3 equal segments"), "refuses segments that cannot be equal");
    report(refused(attention(2, 2, &long_prefix, nullptr), "prefixes[1] is 3"), "refuses a prefix longer than its segment");
    report(refused(attention(2, 2, &two, &window), "window is -1"), "refuses a negative window");
    report(refused(attention(2, 2, &two, &sinks), "sinks is -1"), "refuses negative sinks");
    const float slopes[] = {0.5f, NAN};
    const ak_attention_mask sloped = {0, 0, slopes};
    for (double bad : {0.0, static_cast<double>(NAN), static_cast<double>(INFINITY)})
        report(refused(attention(2, 2, &two, nullptr, bad), "scale"), "refuses a scale of " + std::to_string(bad));
    report(refused(attention(2, 2, &two, &sloped), "slopes[1] is nan"), "refuses a slope of NaN");
    report(refused(ak_rope(1, int64_t{1} << 60, 16, 16, x.data(), nullptr, 1, x.floats(), x.floats(), 0, ak_f32), "beyond 2^44"), "refuses heads whose width overflows");

    const int64_t positions[] = {0, 2};
    report(refused(ak_rope(1, 1, 3, 3, x.data(), nullptr, 1, x.floats(), x.floats(), 0, ak_f32), "even head width"), "refuses to rotate an odd width");
    report(refused(ak_rope(2, 1, 2, 2, x.data(), positions, 2, x.floats(), x.floats(), 0, ak_f32), "positions[1] is 2"), "refuses a position beyond the tables");

    report(!ak_kv_new(1, int64_t{1} << 60, 1, 4, ak_f32) && refused(1, "beyond 2^44"), "refuses a cache that no memory holds");
    report(!ak_kv_new(1, 0, 1, 4, ak_f32) && refused(1, "blocks is 0"), "refuses a cache of no blocks");
    ak_kv* kv = ak_kv_new(2, 3, 2, 4, ak_f32);
    const int32_t blocks[] = {0, 2, 3, -1};
    const auto decode = [&](std::vector<ak_kv_run> runs, int64_t layer = 1, int64_t heads = 4, const ak_attention_mask* mask = nullptr) {
        return ak_kv_attention(kv, layer, static_cast<int64_t>(runs.size()), runs.data(), heads, x.data(), 1, mask, x.data());
    };
    report(refused(decode({{1, 0, blocks, 1}}, 2), "layer is 2"), "refuses a layer that the cache lacks");
    report(refused(decode({{1, 0, blocks, 1}}, 0, 3), "evenly"), "refuses heads that do not share the cache's");
    report(refused(decode({}), "runs is 0"), "refuses no runs");
    report(refused(decode({{1, 0, blocks, 1}, {0, 0, blocks, 1}}), "run 1 has no rows"), "refuses a run of no rows");
    report(refused(decode({{1, -1, blocks, 1}}), "position -1"), "refuses a negative position");
    report(refused(decode({{2, 31, blocks, 1}}), "beyond its 1 blocks"), "refuses positions beyond the blocks");
    report(refused(decode({{1, 64, blocks, 3}}), "blocks[2] is 3"), "refuses a block that the cache lacks");
    report(refused(decode({{1, 0, blocks + 3, 1}}), "blocks[0] is -1"), "refuses a negative block");
    report(refused(decode({{1, 0, blocks, 1}, {1, 40, blocks + 1, 2}}), "blocks[1] is 3"), "refuses a block of a second run");
    report(refused(decode({{1, 0, blocks, 1}, {1, 5, blocks, 1}}), "block 0 is written to twice"), "refuses two runs that write to one block");
    report(refused(decode({{1, 0, blocks, 1}}, 0, 4, &window), "window is -1"), "refuses a negative window of a cache");
    report(refused(ak_kv_copy_block(kv, 0, 3), "to is 3") && refused(ak_kv_copy_block(kv, -1, 0), "from is -1"), "refuses to copy blocks that the cache lacks");
    const std::string name = ak_description();
    call(ak_configure(ak_isa_portable));
    if (ak_description() != name) report(refused(decode({{1, 0, blocks, 1}}), "the cache was made for"), "refuses a cache of other kernels");
    ak_kv_free(kv);
}

void refusals() {
    Tensor x = noise(64);
    const std::vector<int64_t> bad = {0, 9};
    report(ak_linear_new(0, 4, ak_f32) == nullptr && refused(1, "in is 0"), "refuses a linear of no width");
    report(ak_linear_new(4, 4, 5) == nullptr && refused(1, "dtype 5"), "refuses an unknown dtype");
    ak_linear* layer = ak_linear_new(4, 4, ak_f32);
    report(refused(ak_linear_forward(layer, 1, x.data(), nullptr, nullptr, x.data(), ak_f32), "ak_linear_pack"), "refuses a linear without weight");
    call(ak_linear_pack(layer, x.floats()));
    report(refused(ak_linear_forward(layer, 1, x.data(), nullptr, x.floats(), x.data(), ak_bf16), "residual"), "refuses a bf16 residual");
    const ak_head_rows nothing = {};
    const auto head = [&](const int64_t* targets, const ak_objective& objective, void* dx) {
        return ak_head(layer, 2, x.data(), targets, &objective, &nothing, dx, nullptr, 0, 1, nullptr);
    };
    const float cold[] = {1, 0};
    const int64_t allowed[] = {0, 3};
    ak_objective objective = {};
    report(refused(head(bad.data(), objective, nullptr), "targets[1] is 9"), "refuses a target beyond the vocabulary");
    report(refused(head(allowed, objective, x.data()), "dx and dw"), "refuses half a gradient");
    objective.temperatures = cold;
    report(refused(head(allowed, objective, nullptr), "temperatures[1]"), "refuses a temperature of 0");
    objective = {}, objective.soft_cap = -1;
    report(refused(head(allowed, objective, nullptr), "soft_cap"), "refuses a negative cap");
    for (float bad : {-1.0f, 2.0f, NAN}) {
        objective = {}, objective.label_smoothing = bad;
        report(refused(head(allowed, objective, nullptr), "label_smoothing"), "refuses label smoothing of " + std::to_string(bad));
    }
    for (float bad : {-1.0f, INFINITY, NAN}) {
        objective = {}, objective.z_loss = bad;
        report(refused(head(allowed, objective, nullptr), "z_loss"), "refuses a z-loss of " + std::to_string(bad));
    }
    for (float bad : {INFINITY, NAN, 1e-40f, 1e4f}) {
        const float heats[] = {1, bad};
        objective = {}, objective.temperatures = heats;
        report(refused(head(allowed, objective, nullptr), "temperatures[1]"), "refuses a temperature of " + std::to_string(bad));
    }
    const int64_t many = int64_t{1} << 24;  // a row of logits is half of what may exist of their gradient
    std::vector<float> wide(static_cast<size_t>(many), 0.1f), d_wide(wide);
    ak_linear* head_of_many = ak_linear_new(1, many, ak_f32);
    call(ak_linear_pack(head_of_many, wide.data()));
    objective = {};
    const std::vector<int64_t> four(4, 1);
    report(refused(ak_head(head_of_many, 4, x.data(), four.data(), &objective, &nothing, x.data(), d_wide.data(), 0, 4, nullptr), "ak_head_gradient_bytes"),
           "refuses lanes whose gradient of the logits is too large");
    ak_linear_free(head_of_many);
    report(!ak_linear_new(int64_t{1} << 40, int64_t{1} << 40, ak_f32) && refused(1, "beyond 2^44"), "refuses a weight that no memory holds");
    report(!ak_token_rows_new(int64_t{1} << 40, int64_t{1} << 40) && refused(1, "beyond 2^44"), "refuses rows of tokens that no memory holds");
    const auto lanes = [&](int64_t lanes, int accumulate) { return ak_linear_weight_gradient(layer, 4, lanes, x.data(), x.data(), x.floats(), nullptr, accumulate); };
    report(refused(lanes(3, 0), "power of two") && refused(lanes(8, 0), "evenly") && refused(lanes(2, 1), "accumulated"), "refuses lanes that are no tree");
    ak_linear_free(layer);
    attention_refusals();
    report(refused(ak_embedding_backward(1, 2, 4, 9, bad.data(), nullptr, x.floats(), 1, x.floats(), nullptr, 0, 0, 1, nullptr), "tokens[1] is 9"), "refuses a token beyond the vocabulary");
    const std::vector<int64_t> before = {0, -1};
    report(refused(ak_embedding_forward(1, 2, 4, bad.data(), before.data(), x.floats(), x.floats(), x.floats()), "positions[1] is -1"), "refuses a position before the first");
    const ak_adamw_constants constants = {0.9f, 0.95f, 1e-8f, 0.1f, 0.05f, 0};
    const ak_adamw_range odd[] = {{8, 1, 1e-3f, 0, 0}, {64, 1, 1e-3f, 0, 0}}, short_of[] = {{32, 1, 1e-3f, 0, 0}};
    report(refused(ak_adamw(64, x.floats(), x.floats(), x.floats(), x.floats(), &constants, 2, odd, nullptr, nullptr), "multiple of 16"), "refuses a range of an odd end");
    report(refused(ak_adamw(64, x.floats(), x.floats(), x.floats(), x.floats(), &constants, 1, short_of, nullptr, nullptr), "do not end"), "refuses ranges that leave something out");
    report(refused(ak_adamw_preview(64, x.floats(), x.floats(), x.floats(), x.floats(), &constants, 1, short_of, nullptr, nullptr), "do not end"), "refuses the same of a preview");
    const int64_t ends[] = {32};
    double squares[1];
    const ak_sum_report cells = {nullptr, nullptr, nullptr, nullptr, 1, ends, squares, 0};
    report(refused(ak_sum(64, x.floats(), nullptr, nullptr, &cells), "do not end"), "refuses cells that leave something out");

    const auto negative = [](int status) { return refused(status, "is -1, but must not be negative"); };
    report(negative(ak_gelu_forward(-1, x.data(), x.data(), ak_f32)) && negative(ak_gelu_backward(-1, x.data(), x.data(), x.data(), ak_f32)) &&
               negative(ak_swiglu_forward(-1, 4, x.data(), x.data(), ak_f32)) && negative(ak_swiglu_backward(-1, 4, x.data(), x.data(), x.data(), ak_f32)) &&
               negative(ak_convert(-1, x.floats(), x.data())) && negative(std::isnan(ak_sum_squares(-1, x.floats()))),
           "refuses a negative number of elements");
    report(refused(ak_memory_rate(0, 0) > 0 ? 0 : 1, "repetitions is 0"), "refuses to measure nothing");
    for (double bad : {-1.0, static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
        const std::string of = std::to_string(bad);
        report(refused(ak_layer_norm_forward(1, 4, x.floats(), x.floats(), x.floats(), bad, x.data(), ak_f32, x.floats(), x.floats()), "epsilon is") &&
                   refused(ak_rms_norm_forward(1, 4, x.floats(), x.floats(), bad, x.data(), ak_f32, x.floats()), "epsilon is"),
               "refuses an epsilon of " + of);
        ak_adamw_constants spoilt = constants;
        spoilt.beta2 = static_cast<float>(bad);
        const ak_adamw_range whole = {64, 1, 1e-3f, 0, 0};
        report(refused(ak_adamw(64, x.floats(), x.floats(), x.floats(), x.floats(), &spoilt, 1, &whole, nullptr, nullptr), "beta is") &&
                   refused(std::isnan(ak_adamw_ratio(64, x.floats(), x.floats(), &spoilt, 1)), "beta is"),
               "refuses a beta of " + of);
        spoilt = constants, spoilt.epsilon = static_cast<float>(bad);
        report(refused(ak_adamw_preview(64, x.floats(), x.floats(), x.floats(), x.floats(), &spoilt, 1, &whole, nullptr, nullptr), "epsilon is"), "refuses AdamW's epsilon of " + of);
    }
    const ak_adamw_range no_rate = {64, 1, NAN, 0, 0};
    report(refused(ak_adamw(64, x.floats(), x.floats(), x.floats(), x.floats(), &constants, 1, &no_rate, nullptr, nullptr), "learning rate is nan"), "refuses a learning rate of NaN");
    report(refused(ak_embedding_backward(1, 1, 4, 9, allowed, nullptr, x.floats(), NAN, x.floats(), nullptr, 0, 0, 1, nullptr), "token_scale is nan"), "refuses a token scale of NaN");

    Tensor logits = noise(2 * 8);
    ak_sampling good = {0.5, 1, 1, 0, 1, 0, 8, nullptr, 0};
    ak_sampled sampled[2];
    const auto refuses = [&](const char* part, auto change) {
        ak_sampling options[2] = {good, good};
        change(options[1]);
        report(refused(ak_sample(2, 8, logits.floats(), options, sampled), part), std::string("refuses to sample: ") + part);
    };
    const int32_t seen[] = {3, 8};
    refuses("uniform of row 1 is 1.0", [](ak_sampling& o) { o.uniform = 1; });
    refuses("uniform of row 1 is nan", [](ak_sampling& o) { o.uniform = NAN; });
    refuses("temperature of row 1 is 0.000100", [](ak_sampling& o) { o.temperature = 1e-4; });
    refuses("top_p of row 1 is 0.0", [](ak_sampling& o) { o.top_p = 0; });
    refuses("min_p of row 1 is 1.5", [](ak_sampling& o) { o.min_p = 1.5; });
    refuses("repetition_penalty of row 1 is -1.0", [](ak_sampling& o) { o.repetition_penalty = -1; });
    refuses("top_k of row 1 is -1", [](ak_sampling& o) { o.top_k = -1; });
    refuses("pieces of row 1 is 9", [](ak_sampling& o) { o.pieces = 9; });
    refuses("an id seen of row 1 is 8", [&](ak_sampling& o) { o.seen = seen, o.seen_count = 2; });
    for (float bad : {NAN, INFINITY})
        for (double temperature : {0.0, 1.0}) {
            logits.put(8 + 5, bad);
            refuses("row 1 of the logits has no distribution", [&](ak_sampling& o) { o.temperature = temperature; });
        }
    for (int64_t i = 8; i < 16; ++i) logits.put(i, -INFINITY);
    refuses("row 1 of the logits has no distribution", [](ak_sampling&) {});
    logits.put(15, 1);
    refuses("row 1 of the logits has no distribution", [](ak_sampling& o) { o.pieces = 7; });
}
