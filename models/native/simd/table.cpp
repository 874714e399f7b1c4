#include "kernels.h"

#define AK_TEXT_(x) #x
#define AK_TEXT(x) AK_TEXT_(x)

namespace ak::AK_ISA {

const Kernels kernels = {
    AK_TEXT(AK_ISA),       linear_pack,          linear_forward,        linear_input_gradient,  linear_weight_gradient, layer_norm_forward,
    layer_norm_backward,   rms_norm_forward,     rms_norm_backward,     gelu_forward,           gelu_backward,          swiglu_forward,
    swiglu_backward,       rope,                 attention_forward,     attention_backward,     embedding_forward,      embedding_backward,
    cross_entropy_forward, cross_entropy_backward, convert,             add,                    sum_squares,            adamw,
};

}  // namespace ak::AK_ISA
