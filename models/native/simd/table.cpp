// Gathers the functions of one instruction set.
#include "kernels.h"

namespace ak::AK_ISA {

#if defined(__AVX512BF16__)
constexpr const char* name = "x86-64-v4+bf16";
#elif defined(__AVX512F__)
constexpr const char* name = "x86-64-v4";
#else
constexpr const char* name = "x86-64-v3";
#endif

const Kernels kernels = {
    name,                    linear_pack,             linear_forward,          linear_input_gradient,   linear_weight_gradient,  layer_norm_forward,
    layer_norm_backward,     rms_norm_forward,        rms_norm_backward,       gelu_forward,            gelu_backward,           swiglu_forward,
    swiglu_backward,         rope,                    attention_forward,       attention_backward,      kv_reserve,              kv_attention,
    embedding_forward,       embedding_backward,      head,                    sample,                  convert,                 sum_squares,
    sum,                     checksums,               adamw,                   adamw_ratio,
};

}  // namespace ak::AK_ISA
