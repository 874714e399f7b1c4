// The functions that exist once per instruction set; library*.cpp check arguments and call through the chosen table.
#pragma once
#include "kernels.h"
#include <vector>

#include "runtime.h"

struct ak_linear {
    ak_linear(int64_t in, int64_t out, int dtype) : in(in), out(out), dtype(dtype) {}

    int64_t in, out;
    int dtype;
    const float* weight = nullptr;  // [out, in], the caller's; null before it is packed
    ak::Buffer forward, gradient;   // Wᵀ [in, out] and W [out, in] as packed panels
    int64_t forward_floats = 0, gradient_floats = 0;  // 0: not packed
    int64_t passes = 0;             // backward, since the weight changed
};

struct ak_token_rows {
    ak_token_rows(int64_t vocabulary, int64_t width) : width(width), places(static_cast<size_t>(vocabulary), -1) {}

    int64_t count() const { return static_cast<int64_t>(tokens.size()); }
    void begin(int64_t lanes, int64_t rows, const int64_t* ids);

    int64_t width, lanes = 0;
    std::vector<int32_t> places;  // of each token of the vocabulary among `tokens`; −1: it does not occur
    std::vector<int64_t> tokens;  // that occur, each once
    ak::Buffer rows;              // [lanes][tokens][width]
};

namespace ak {
struct Kernels;
}

struct ak_kv {
    ak_kv(int64_t layers, int64_t blocks, int64_t kv_heads, int64_t head_width, int dtype, const ak::Kernels& kernels)
        : layers(layers), blocks(blocks), kv_heads(kv_heads), head_width(head_width), dtype(dtype), kernels(kernels) {}

    int64_t layers, blocks, kv_heads, head_width;
    int dtype;
    const ak::Kernels& kernels;  // whose layout it has
    int64_t key_floats = 0, value_floats = 0;  // of a head's block
    ak::Buffer memory;                         // [layers][blocks][kv_heads], each the keys and then the values of a block

    int64_t block_floats() const { return kv_heads * (key_floats + value_floats); }
    float* block(int64_t layer, int64_t index) const { return memory.data() + (layer * blocks + index) * block_floats(); }
};

namespace ak {

struct Kernels {
    const char* name;
    void (*linear_pack)(ak_linear&, const float* weight);
    void (*linear_forward)(const ak_linear&, int64_t rows, const void* x, const float* bias, const float* residual, void* y, int y_dtype,
                           void* gelu);
    void (*linear_input_gradient)(ak_linear&, int64_t rows, const void* dy, const void* before, void* dx);
    void (*linear_weight_gradient)(const ak_linear& linear, int64_t rows, int64_t lanes, const void* dy, const void* x, float* dw, float* db, bool accumulate);

    void (*layer_norm_forward)(int64_t rows, int64_t width, const float* x, const float* weight, const float* bias, float epsilon, void* y, int y_dtype,
                               float* mean, float* rstd);
    void (*layer_norm_backward)(int64_t rows, int64_t lanes, int64_t width, const void* dy, int dy_dtype, const float* x, const float* weight, const float* mean,
                                const float* rstd, const float* residual_gradient, float* dx, float* dweight, float* dbias, bool accumulate);
    void (*rms_norm_forward)(int64_t rows, int64_t width, const float* x, const float* weight, float epsilon, void* y, int y_dtype, float* rstd);
    void (*rms_norm_backward)(int64_t rows, int64_t lanes, int64_t width, const void* dy, int dy_dtype, const float* x, const float* weight, const float* rstd,
                              const float* residual_gradient, float* dx, float* dweight, bool accumulate);

    void (*gelu_forward)(int64_t count, const void* x, void* y, int dtype);
    void (*gelu_backward)(int64_t count, const void* x, const void* dy, void* dx, int dtype);
    void (*swiglu_forward)(int64_t rows, int64_t width, const void* gate_up, void* y, int dtype);
    void (*swiglu_backward)(int64_t rows, int64_t width, const void* gate_up, const void* dy, void* d_gate_up, int dtype);

    void (*rope)(int64_t rows, int64_t heads, int64_t head_width, int64_t row_width, void* x, const int64_t* positions, int64_t table_rows, const float* cos,
                 const float* sin, bool inverse, int dtype);
    void (*attention_forward)(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_width, const void* qkv, float scale, const ak_segments& segments,
                              const ak_attention_mask& mask, void* out, float* lse, int dtype);
    void (*attention_backward)(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_width, const void* qkv, const void* out, const float* lse,
                               const void* dout, float scale, const ak_segments& segments, const ak_attention_mask& mask, void* dqkv, int dtype);
    void (*kv_reserve)(ak_kv&);
    void (*kv_attention)(const ak_kv&, int64_t layer, int64_t runs, const ak_kv_run* run, int64_t heads, const void* qkv, float scale,
                         const ak_attention_mask& mask, void* out);

    void (*embedding_forward)(int64_t batch, int64_t time, int64_t width, const int64_t* tokens, const int64_t* positions, const float* token_weight,
                              const float* position_weight, float* x);
    void (*embedding_backward)(int64_t batch, int64_t time, int64_t width, int64_t vocabulary, const int64_t* tokens, const int64_t* positions, const float* dx,
                               float token_scale, float* d_token, float* d_position, bool accumulate_tokens, bool accumulate_positions, int64_t lanes,
                               ak_token_rows* token_rows);

    void (*head)(ak_linear& head, int64_t rows, const void* x, const int64_t* targets, const ak_objective& objective, const ak_head_rows& results,
                 void* dx, float* dw, bool accumulate, int64_t lanes, ak_token_rows* tokens);

    // A token of −1 where a row has no distribution.
    void (*sample)(int64_t rows, int64_t vocabulary, const float* logits, const ak_sampling* options, ak_sampled* sampled);

    void (*convert)(int64_t count, const float* from, void* to_bf16);
    double (*sum_squares)(int64_t count, const float* x);
    void (*sum)(int64_t count, const float* left, const float* right, float* to, const ak_sum_report& report);
    void (*checksums)(int64_t vectors, const float* const* x, const int64_t* counts, uint64_t* found);
    void (*adamw)(int64_t count, float* w, const float* g, float* m, float* v, const ak_adamw_constants& constants, int64_t ranges,
                  const ak_adamw_range* range, uint64_t* checksums, double* update_squares, bool writes);
    double (*adamw_ratio)(int64_t count, const float* g, const float* v, const ak_adamw_constants& constants, float clip);
};

namespace v3 {
extern const Kernels kernels;
}
namespace v4 {
extern const Kernels kernels;
}
namespace v4bf16 {
extern const Kernels kernels;
}

}  // namespace ak
