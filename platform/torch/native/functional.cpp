// Matrix products and the functions of a neural network.
#include "common.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/dot.h>
#include <ATen/ops/dropout.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mse_loss.h>
#include <ATen/ops/mv.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/outer.h>
#include <ATen/ops/softmax.h>

using namespace actortrain;

TENSOR_OP(tensor_matmul, (Handle a, Handle b), at::matmul(T(a), T(b)), a, b)
TENSOR_OP(tensor_mm, (Handle a, Handle b), at::mm(T(a), T(b)), a, b)
TENSOR_OP(tensor_bmm, (Handle a, Handle b), at::bmm(T(a), T(b)), a, b)
TENSOR_OP(tensor_mv, (Handle a, Handle b), at::mv(T(a), T(b)), a, b)
TENSOR_OP(tensor_dot, (Handle a, Handle b), at::dot(T(a), T(b)), a, b)
TENSOR_OP(tensor_outer, (Handle a, Handle b), at::outer(T(a), T(b)), a, b)
TENSOR_OP(tensor_addmm, (Handle a, Handle b, Handle c, double beta, double alpha), at::addmm(T(a), T(b), T(c), beta, alpha), a, b, c)
TENSOR_OP(tensor_linear, (Handle input, Handle weight, Handle bias), at::linear(T(input), T(weight), optional_tensor(bias)), input, weight, bias)
TENSOR_OP(tensor_embedding, (Handle weight, Handle input, int64_t padding_idx, int32_t scale_grad_by_freq, int32_t sparse),
          at::embedding(T(weight), T(input), padding_idx, scale_grad_by_freq != 0, sparse != 0), weight, input)
TENSOR_OP(tensor_softmax, (Handle a, int64_t dim, int32_t dtype), at::softmax(T(a), dim, optional_dtype(dtype)))
TENSOR_OP(tensor_log_softmax, (Handle a, int64_t dim, int32_t dtype), at::log_softmax(T(a), dim, optional_dtype(dtype)))
TENSOR_OP(tensor_cross_entropy, (Handle input, Handle target, Handle weight, int64_t reduction, int64_t ignore_index, double smoothing),
          at::cross_entropy_loss(T(input), T(target), optional_tensor(weight), reduction, ignore_index, smoothing), input, target, weight)
TENSOR_OP(tensor_mse_loss, (Handle input, Handle target, int64_t reduction), at::mse_loss(T(input), T(target), reduction), input, target)
TENSOR_OP(tensor_layer_norm, (Handle input, const int64_t* shape, int64_t n, Handle weight, Handle bias, double eps),
          at::layer_norm(T(input), dims(shape, n), optional_tensor(weight), optional_tensor(bias), eps), input, weight, bias)
TENSOR_OP(tensor_gelu, (Handle a, int32_t tanh), at::gelu(T(a), tanh ? "tanh" : "none"))
TENSOR_OP(tensor_dropout, (Handle a, double p, int32_t train), at::dropout(T(a), p, train != 0))
TENSOR_OP(tensor_one_hot, (Handle a, int64_t classes), at::one_hot(T(a), classes))
