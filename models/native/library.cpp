// The C boundary: chooses the instruction set; linear layers, norms, activations, embedding and head.
#include "boundary.h"

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

}  // namespace

namespace ak {

const Kernels& kernels() {
    if (!chosen) throw Error("this CPU is older than x86-64-v3 (AVX2 and FMA), which the kernels need");
    return *chosen;
}

void set_error(const char* sentence) { error = sentence; }

}  // namespace ak

using namespace ak;

namespace {

void check_lanes(int64_t lanes, int64_t rows, int accumulate) {
    check(lanes > 0 && (lanes & (lanes - 1)) == 0 && lanes <= int64_t{1} << ak::max_lane_levels, std::to_string(lanes) + " lanes are not a power of two up to 2^16");
    check(rows % lanes == 0, std::to_string(rows) + " rows cannot be shared evenly by " + std::to_string(lanes) + " lanes");
    check(lanes == 1 || !accumulate, "the gradients of several lanes cannot be accumulated onto others");
}

void check_packed(const ak_linear* linear) {
    check(linear != nullptr, "the linear is null");
    check(linear->weight != nullptr, "the linear has no weight yet: call ak_linear_pack first");
}

void check_objective(int64_t rows, const ak_objective& objective) {
    for (int64_t i = 0; objective.temperatures && i < rows; ++i)
        check(is_temperature(objective.temperatures[i]), "temperatures[" + std::to_string(i) + "] is " + std::to_string(objective.temperatures[i]) + ", but must be " +
                                                             temperature_bounds);
    check_from_0("soft_cap", objective.soft_cap);
    check_from_0("z_loss", objective.z_loss);
    check(objective.label_smoothing >= 0 && objective.label_smoothing <= 1, "label_smoothing is " + std::to_string(objective.label_smoothing) + ", but must be from 0 to 1");
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
        check_sizes("in and out", {in, out});
        linear = new ak_linear(in, out, dtype);
    });
    return linear;
}

void ak_linear_free(ak_linear* linear) { delete linear; }

int ak_linear_pack(ak_linear* linear, const float* weight) {
    return guarded([&] {
        check(linear != nullptr, "the linear is null");
        check(weight != nullptr, "the weight is null");
        kernels().linear_pack(*linear, weight);
    });
}

int64_t ak_linear_packed(const ak_linear* linear, int copy, float** words) {
    if (!linear || !linear->weight) return 0;
    *words = copy ? linear->gradient.data() : linear->forward.data();
    return copy ? linear->gradient_floats : linear->forward_floats;
}

int ak_linear_forward(ak_linear* linear, int64_t rows, const void* x, const float* bias, const float* residual, void* y, int y_dtype) {
    return guarded([&] {
        check_packed(linear);
        check_dtype(y_dtype);
        check_size("rows", rows);
        check(!residual || y_dtype == ak_f32, "a residual needs y of ak_f32");
        kernels().linear_forward(*linear, rows, x, bias, residual, y, y_dtype, nullptr);
    });
}

int ak_linear_forward_gelu(ak_linear* linear, int64_t rows, const void* x, const float* bias, void* y, void* active) {
    return guarded([&] {
        check_packed(linear);
        check_size("rows", rows);
        kernels().linear_forward(*linear, rows, x, bias, nullptr, y, linear->dtype, active);
    });
}

int ak_linear_input_gradient(ak_linear* linear, int64_t rows, const void* dy, void* dx) {
    return guarded([&] {
        check_packed(linear);
        check_size("rows", rows);
        ++linear->passes;
        kernels().linear_input_gradient(*linear, rows, dy, nullptr, dx);
    });
}

int ak_linear_input_gradient_gelu(ak_linear* linear, int64_t rows, const void* dy, const void* before, void* d_before) {
    return guarded([&] {
        check_packed(linear);
        check_size("rows", rows);
        ++linear->passes;
        kernels().linear_input_gradient(*linear, rows, dy, before, d_before);
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
        check_from_0("epsilon", epsilon);
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
        check_from_0("epsilon", epsilon);
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
        check_count("count", count);
        kernels().gelu_forward(count, x, y, dtype);
    });
}

int ak_gelu_backward(int64_t count, const void* x, const void* dy, void* dx, int dtype) {
    return guarded([&] {
        check_dtype(dtype);
        check_count("count", count);
        kernels().gelu_backward(count, x, dy, dx, dtype);
    });
}

int ak_swiglu_forward(int64_t rows, int64_t width, const void* gate_up, void* y, int dtype) {
    return guarded([&] {
        check_dtype(dtype);
        check_count("rows", rows);
        check_size("width", width);
        kernels().swiglu_forward(rows, width, gate_up, y, dtype);
    });
}

int ak_swiglu_backward(int64_t rows, int64_t width, const void* gate_up, const void* dy, void* d_gate_up, int dtype) {
    return guarded([&] {
        check_dtype(dtype);
        check_count("rows", rows);
        check_size("width", width);
        kernels().swiglu_backward(rows, width, gate_up, dy, d_gate_up, dtype);
    });
}

int ak_embedding_forward(int64_t batch, int64_t time, int64_t width, const int64_t* tokens, const int64_t* positions, const float* token_weight,
                         const float* position_weight, float* x) {
    return guarded([&] {
        check_size("batch", batch);
        check_size("time", time);
        check_size("width", width);
        check_sizes("batch, time and width", {batch, time, width});
        check_ids("tokens", batch * time, tokens, 0, INT64_MAX);
        if (positions) check_ids("positions", batch * time, positions, 0, INT64_MAX);
        kernels().embedding_forward(batch, time, width, tokens, positions, token_weight, position_weight, x);
    });
}

int ak_embedding_backward(int64_t batch, int64_t time, int64_t width, int64_t vocabulary, const int64_t* tokens, const int64_t* positions,
                          const float* dx, float token_scale, float* d_token, float* d_position, int accumulate_tokens, int accumulate_positions, int64_t lanes,
                          ak_token_rows* token_rows) {
    return guarded([&] {
        check_size("batch", batch);
        check_size("time", time);
        check_size("width", width);
        check_sizes("batch, time and width", {batch, time, width});
        check_size("vocabulary", vocabulary);
        check_finite("token_scale", token_scale);
        check_ids("tokens", batch * time, tokens, 0, vocabulary);
        check_lanes(lanes, batch, accumulate_positions);
        check(lanes == 1 || (token_rows && token_rows->lanes == lanes), "several lanes of an embedding need token_rows, begun with as many");
        if (positions) {
            check(lanes == 1 && accumulate_positions, "given positions of an embedding are those of one lane, and added to what is there");
            check_ids("positions", batch * time, positions, 0, INT64_MAX);
        }
        kernels().embedding_backward(batch, time, width, vocabulary, tokens, positions, dx, token_scale, d_token, d_position, accumulate_tokens != 0,
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
        check_objective(rows, *objective);
        check_lanes(lanes, rows, accumulate);
        check(lanes == 1 || !dx || rows <= ak_head_gradient_bytes / head->out / (head->dtype == ak_bf16 ? 2 : 4),
              std::to_string(rows) + " rows of several lanes take more than ak_head_gradient_bytes");
        check(lanes == 1 || !token_rows || token_rows->lanes == lanes, "token_rows was begun with another number of lanes");
        head->passes += dx != nullptr;
        kernels().head(*head, rows, x, targets, *objective, *results, dx, dw, accumulate != 0, lanes, lanes > 1 ? token_rows : nullptr);
    });
}

ak_token_rows* ak_token_rows_new(int64_t vocabulary, int64_t width) {
    ak_token_rows* token_rows = nullptr;
    guarded([&] {
        check_size("vocabulary", vocabulary);
        check_size("width", width);
        check_sizes("vocabulary and width", {vocabulary, width});
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

}  // extern "C"
