// Declares, for one instruction set, the functions of Kernels (see kernels_table.h); table.cpp gathers them.
#pragma once
#include "../kernels.h"
#include "../kernels_table.h"

namespace ak::AK_ISA {

#define AK_DECLARE(name) std::remove_pointer_t<decltype(Kernels::name)> name
AK_DECLARE(linear_pack);
AK_DECLARE(linear_forward);
AK_DECLARE(linear_input_gradient);
AK_DECLARE(linear_weight_gradient);
AK_DECLARE(layer_norm_forward);
AK_DECLARE(layer_norm_backward);
AK_DECLARE(rms_norm_forward);
AK_DECLARE(rms_norm_backward);
AK_DECLARE(gelu_forward);
AK_DECLARE(gelu_backward);
AK_DECLARE(swiglu_forward);
AK_DECLARE(swiglu_backward);
AK_DECLARE(rope);
AK_DECLARE(attention_forward);
AK_DECLARE(attention_backward);
AK_DECLARE(kv_reserve);
AK_DECLARE(kv_attention);
AK_DECLARE(embedding_forward);
AK_DECLARE(embedding_backward);
AK_DECLARE(head);
AK_DECLARE(sample);
AK_DECLARE(convert);
AK_DECLARE(sum_squares);
AK_DECLARE(sum);
AK_DECLARE(checksums);
AK_DECLARE(adamw);
AK_DECLARE(adamw_ratio);
#undef AK_DECLARE

// The weight gradient of a head; tokens, where not null, receives the rows of its tokens lane by lane.
void head_weight_gradient(const ak_linear& linear, int64_t rows, int64_t lanes, const void* dy, const void* x, float* dw, bool accumulate,
                          ak_token_rows* tokens);

}  // namespace ak::AK_ISA
