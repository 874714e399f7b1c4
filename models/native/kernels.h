// Fused transformer layers for CPUs: forward and backward over raw pointers and shapes. They know nothing of libtorch.
// The matrix products are our own (simd/tile.h): within a few per cent of oneDNN on the shapes of a small GPT (tests/onednn_bench.cpp), with every bit ours.
//
// Conventions
//   Matrices are row-major and contiguous; addresses need no alignment beyond their element type.
//   `dtype` is the type of activations: ak_f32 or ak_bf16. Parameters, their gradients, statistics, the residual stream and losses are float32.
//   Every function that can fail returns 0 on success; otherwise ak_error() gives one sentence, per thread.
//   Parallelism belongs to the calling thread (ak_set_threads). Bits do not depend on the number of threads: every output element is
//   summed in one order, whichever thread does it; reductions over rows go over fixed blocks, added in order.
//   `accumulate` 0 overwrites a gradient, 1 adds to it.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#define AK_API __attribute__((visibility("default")))

enum { ak_f32 = 0, ak_bf16 = 1 };
enum { ak_isa_best = 0, ak_isa_portable = 1, ak_isa_avx512 = 2, ak_isa_avx512_bf16 = 3 };  // the last two name one exactly: for tests

// ---- Library -------------------------------------------------------------------------------------------------------------------------------
// Chooses the instruction set, before any other call. ak_isa_portable: x86-64-v3 code, the same bits on every x86-64-v3 machine, whatever its
// compiler and C library. Fails where the machine is older than x86-64-v3. Weights packed before must be packed again.
AK_API int ak_configure(int isa);
AK_API const char* ak_description(void);  // the kernels in use: "x86-64-v3", "x86-64-v4" or "x86-64-v4+bf16"
AK_API const char* ak_error(void);
AK_API void ak_set_threads(int threads);
// Bytes per second that the threads move of memory that no cache holds: read, or (writes 1) read and written, counted as both. The best of many streams and few,
// each as often as told; takes 512 MiB for as long. NaN on failure.
AK_API double ak_memory_rate(int writes, int repetitions);

// ---- Lanes -------------------------------------------------------------------------------------------------------------------------------------
// Functions that add parameter gradients over rows take `lanes`, a power of two up to 2^16: the rows are those of so many lanes, equally many each, one
// lane after the other. Sums are taken over each lane by itself; then neighbours are added, then pairs, and so on, as if every lane had been computed
// alone and the gradients added along the tree: the same bits. Several lanes are never accumulated onto what is there.
//
// A weight that embeds tokens and is the head too adds two gradients in each lane before lanes are added. For the tokens that occur, the head's part
// waits here, lane by lane, for the embedding's.
typedef struct ak_token_rows ak_token_rows;
AK_API ak_token_rows* ak_token_rows_new(int64_t vocabulary, int64_t width);  // null on failure
AK_API void ak_token_rows_free(ak_token_rows* token_rows);
// The tokens [rows] of a forward pass; before ak_head and ak_embedding_backward of the same pass.
AK_API int ak_token_rows_begin(ak_token_rows* token_rows, int64_t lanes, int64_t rows, const int64_t* tokens);

// ---- Linear: y = x·Wᵀ + b ------------------------------------------------------------------------------------------------------------------
// Holds one weight matrix [out, in] packed for the forward product and, from the second backward pass after a change on, for the input gradient. The first pass
// reads the weight itself, which must stay where and what it is until it is packed again. Not for two threads at once.
typedef struct ak_linear ak_linear;
AK_API ak_linear* ak_linear_new(int64_t in, int64_t out, int dtype);  // null on failure
AK_API void ak_linear_free(ak_linear* linear);
AK_API int ak_linear_pack(ak_linear* linear, const float* weight);  // after every change of the weight: once per step
// A packed copy, as words of 32 bits, for whoever watches over its bits: 0 the one for the forward product, 1 that for the input gradient.
// Returns how many, 0 where there is none.
AK_API int64_t ak_linear_packed(const ak_linear* linear, int copy, float** words);

// x [rows, in] of the linear's dtype; bias [out] or null; y [rows, out] of y_dtype. With residual [rows, out] (float32, may be y itself;
// y_dtype must be ak_f32): y = residual + x·Wᵀ + b.
AK_API int ak_linear_forward(ak_linear* linear, int64_t rows, const void* x, const float* bias, const float* residual, void* y, int y_dtype);
// y = x·Wᵀ + b as above, of the linear's dtype, and active [rows, out] = GELU of y: as ak_gelu_forward has it, without a pass of its own.
AK_API int ak_linear_forward_gelu(ak_linear* linear, int64_t rows, const void* x, const float* bias, void* y, void* active);
// dx [rows, in] = dy·W, both of the linear's dtype.
AK_API int ak_linear_input_gradient(ak_linear* linear, int64_t rows, const void* dy, void* dx);
// ... and the gradient of `before` [rows, in], where x was GELU of it: as ak_gelu_backward has it.
AK_API int ak_linear_input_gradient_gelu(ak_linear* linear, int64_t rows, const void* dy, const void* before, void* d_before);
// dw [out, in] (+)= dyᵀ·x; db [out] (+)= column sums of dy, or null.
AK_API int ak_linear_weight_gradient(ak_linear* linear, int64_t rows, int64_t lanes, const void* dy, const void* x, float* dw, float* db, int accumulate);

// ---- Norms over the last dimension ---------------------------------------------------------------------------------------------------------
// x [rows, width] float32; y of y_dtype; mean and rstd [rows] are kept for the backward.
AK_API int ak_layer_norm_forward(int64_t rows, int64_t width, const float* x, const float* weight, const float* bias, double epsilon, void* y,
                                 int y_dtype, float* mean, float* rstd);
// dx = gradient of the norm + residual_gradient (null: nothing is added; may be dx itself).
AK_API int ak_layer_norm_backward(int64_t rows, int64_t lanes, int64_t width, const void* dy, int dy_dtype, const float* x, const float* weight, const float* mean,
                                  const float* rstd, const float* residual_gradient, float* dx, float* dweight, float* dbias, int accumulate);
AK_API int ak_rms_norm_forward(int64_t rows, int64_t width, const float* x, const float* weight, double epsilon, void* y, int y_dtype, float* rstd);
AK_API int ak_rms_norm_backward(int64_t rows, int64_t lanes, int64_t width, const void* dy, int dy_dtype, const float* x, const float* weight, const float* rstd,
                                const float* residual_gradient, float* dx, float* dweight, int accumulate);

// ---- Activations ---------------------------------------------------------------------------------------------------------------------------
// GELU in its tanh form: 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))). dx may be dy.
AK_API int ak_gelu_forward(int64_t count, const void* x, void* y, int dtype);
AK_API int ak_gelu_backward(int64_t count, const void* x, const void* dy, void* dx, int dtype);
// gate_up [rows, 2·width], the gate first; y [rows, width] = silu(gate)·up. d_gate_up may be gate_up.
AK_API int ak_swiglu_forward(int64_t rows, int64_t width, const void* gate_up, void* y, int dtype);
AK_API int ak_swiglu_backward(int64_t rows, int64_t width, const void* gate_up, const void* dy, void* d_gate_up, int dtype);

// ---- Attention -----------------------------------------------------------------------------------------------------------------------------
// Rotates, in place, the first `heads` heads of each row of x [rows, row_width]: (a, b) = (x[i], x[i + head_width/2]) becomes
// (a·cos − b·sin, b·cos + a·sin) with row positions[r] of cos, sin [table_rows, head_width/2]; inverse 1 turns back (the backward).
// positions null: row r mod table_rows.
AK_API int ak_rope(int64_t rows, int64_t heads, int64_t head_width, int64_t row_width, void* x, const int64_t* positions, int64_t table_rows, const float* cos,
                   const float* sin, int inverse, int dtype);

// Texts that lie one after the other in the rows of a batch. A row sees rows of its own text alone, and its bits depend on nothing else.
typedef struct {
    int64_t count;
    const int64_t* ends;      // [count] the row behind the last of each, increasing; null: all are equally long
    const int64_t* prefixes;  // [count] so many first rows of each see each other, later ones too; null: none
} ak_segments;
// What else the attention of a row depends on than causality; null where the functions take it: nothing.
typedef struct {
    int64_t window;       // a row sees so many keys up to its own; 0: all
    int64_t sinks;        // and the first so many of its text in any case
    const float* slopes;  // [heads] slope·(key − query) is added to the scaled scores (ALiBi, Press et al. 2022), in positions; null: nothing
} ak_attention_mask;
// Causal self-attention that never stores rows×rows; the work is proportional to the pairs that see each other. Keys and values of other texts, and those that
// no row of a call sees, may be NaN; one that is not finite may show in rows of its own text that do not see it, at most 13 away. qkv [rows, (heads + 2·kv_heads)·head_width]:
// queries, then keys, then values; query head h reads key head h / (heads / kv_heads). out [rows, heads·head_width]; lse [heads, rows] is kept for the backward.
AK_API int ak_attention_forward(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_width, const void* qkv, double scale, const ak_segments* segments,
                                const ak_attention_mask* mask, void* out, float* lse, int dtype);
AK_API int ak_attention_backward(int64_t rows, int64_t heads, int64_t kv_heads, int64_t head_width, const void* qkv, const void* out, const float* lse,
                                 const void* dout, double scale, const ak_segments* segments, const ak_attention_mask* mask, void* dqkv, int dtype);

// ---- Cached attention, for decoding ----------------------------------------------------------------------------------------------------------
// Keys and values of many texts, of all layers, in blocks of ak_kv_block positions. Which block belongs to which text is the caller's business; texts with
// the same beginning may share blocks. Content is undefined until it is written, and never read before. Not for two calling threads at once.
enum { ak_kv_block = 32 };
typedef struct ak_kv ak_kv;
AK_API ak_kv* ak_kv_new(int64_t layers, int64_t blocks, int64_t kv_heads, int64_t head_width, int dtype);  // null on failure
AK_API void ak_kv_free(ak_kv* kv);
AK_API int ak_kv_copy_block(ak_kv* kv, int64_t from, int64_t to);  // in all layers: for a text that leaves another inside a block

// `rows` new rows, at positions position, position + 1, … of a text whose i-th block is blocks[i], i < block_count. What the text held from there on is
// forgotten. Blocks that no new row sees, behind a window, are not looked at.
typedef struct {
    int64_t rows, position;
    const int32_t* blocks;
    int64_t block_count;
} ak_kv_run;
// Writes the keys and values of the new rows into their blocks, then lets each new row attend to its text up to itself. qkv [sum of rows,
// (heads + 2·kv_heads)·head_width] of the cache's dtype, rotated already; out [sum of rows, heads·head_width]. A row has the bits that ak_attention_forward
// gives it, however its text was cut into runs and whatever runs are beside it. Two runs of a call must not write to one block.
AK_API int ak_kv_attention(ak_kv* kv, int64_t layer, int64_t runs, const ak_kv_run* run, int64_t heads, const void* qkv, double scale,
                           const ak_attention_mask* mask, void* out);

// ---- Embedding -----------------------------------------------------------------------------------------------------------------------------
// x [batch·time, width] = token_weight[tokens] + position_weight[positions] (null: no positions). positions: of each row, or null for row mod time.
AK_API int ak_embedding_forward(int64_t batch, int64_t time, int64_t width, const int64_t* tokens, const int64_t* positions, const float* token_weight,
                                const float* position_weight, float* x);
// Adds rows in order, to d_token times token_scale. accumulate_tokens 0 clears d_token [vocabulary, width] first (a tied head has written into it
// already: 1). token_rows: needed for several lanes, begun with the same tokens.
// With positions, which one lane alone may have, rows are always added to d_position: accumulate_positions must be 1.
AK_API int ak_embedding_backward(int64_t batch, int64_t time, int64_t width, int64_t vocabulary, const int64_t* tokens, const int64_t* positions,
                                 const float* dx, float token_scale, float* d_token, float* d_position, int accumulate_tokens, int accumulate_positions, int64_t lanes,
                                 ak_token_rows* token_rows);

// ---- The head: losses and log-probabilities of given tokens through the output projection -----------------------------------------------------
// Row i has the logits z = soft_cap·tanh(x·Wᵀ / soft_cap) / temperature_i and
//   loss_i = (1 − label_smoothing)·(lse z − z_target) + label_smoothing·(lse z − mean z) + z_loss·(lse z)².
// The objective is the sum over rows of weight_i·loss_i − entropy_weight_i·entropy_i. Temperatures are from 0.001 to 1000, label_smoothing from 0 to 1, z_loss and
// soft_cap at least 0. The entropy holds for logits of any size; a log-probability is rounded where lse z is, so it is within 2^-24 of its size.
typedef struct {
    float scale;                                 // weight of every row where `weights` is null
    float label_smoothing, z_loss, soft_cap;     // 0: none
    const float *weights, *temperatures, *entropy_weights;  // [rows] each; null: scale, 1, 0
} ak_objective;
// [rows] each, null where not wanted; 0 where the target is −1, which leaves a row out. The loss is not weighted.
typedef struct { float *loss, *log_probability, *entropy; } ak_head_rows;
// Most that exists of the gradient of the logits, unless 64 rows are more; rows of several lanes must fit into it as a whole.
enum { ak_head_gradient_bytes = 128 << 20 };
// head: a linear of [vocabulary, width]. dx [rows, width] of its dtype and dw [vocabulary, width] receive the gradient of the objective; both null: no
// gradient. It takes three products, or four if it is asked for after the rows' results were (policy gradients). token_rows: null, or where a head that
// is tied to the embedding leaves, of several lanes, what that one has to add to.
AK_API int ak_head(ak_linear* head, int64_t rows, const void* x, const int64_t* targets, const ak_objective* objective, const ak_head_rows* results,
                   void* dx, float* dw, int accumulate, int64_t lanes, ak_token_rows* token_rows);

// ---- Sampling ------------------------------------------------------------------------------------------------------------------------------
// How one token is drawn. The temperature divides the logits after the penalty; then each restriction keeps the likeliest ids of what the one before
// left, of equally likely ones the lowest, and at least one: min_p, top_k, top_p.
typedef struct {
    double uniform;                // in [0, 1): which token, by the inverse of the cumulative distribution in the order of ids
    double temperature;            // 0.001 … 1000; 0: the likeliest id, of equally likely ones the lowest
    double top_p;                  // the fewest ids whose probability reaches it; 1: all
    double min_p;                  // ids with at least this fraction of the largest probability; 0: all
    double repetition_penalty;     // of ids in `seen`, positive logits are divided by it and others multiplied; 1: none
    int64_t top_k;                 // at most this many ids; 0: all
    int64_t pieces;                // only ids below it are drawn
    const int32_t* seen;           // [seen_count], in any order; an id that occurs again counts once
    int64_t seen_count;
} ak_sampling;
typedef struct {
    int64_t token;
    float log_probability;         // of the model at that temperature (of 1 if greedy), over the whole vocabulary and without penalty: that
                                   // of ak_head to the bit
    float drawn_log_probability;   // of the distribution that the token was drawn from
} ak_sampled;
// logits [rows, vocabulary], options and result one per row. A row with a NaN, an infinity above, or nothing to draw is refused.
AK_API int ak_sample(int64_t rows, int64_t vocabulary, const float* logits, const ak_sampling* options, ak_sampled* sampled);

// ---- Flat vectors --------------------------------------------------------------------------------------------------------------------------
AK_API int ak_convert(int64_t count, const float* from, void* to_bf16);
AK_API double ak_sum_squares(int64_t count, const float* x);  // over fixed blocks of 2^20 elements, added in order, in double

// What is to be known of a sum; null: not wanted. A block has 2^20 elements, the last one what is left. Checksums are those of simd/checksum.h, one
// per block: any single flipped bit changes them, and they do not depend on instruction set or threads.
typedef struct {
    double* block_squares;  // sums of squares of the blocks of the result; added in order they give ak_sum_squares
    uint64_t *left_checksums, *right_checksums, *to_checksums;
    int64_t cells;            // the vector is also cut into this many cells, in order; 0: none are wanted
    const int64_t* cell_ends; // end of each in elements, increasing; the last is `count`
    double* cell_squares;     // sum of squares of each cell of the result
    int64_t parallel;         // 0: on the calling thread alone, for callers that share a vector among themselves by ranges
} ak_sum_report;
// to = left + right. `to` may be either. right null: nothing is added or written; squares are those of left. Bits do not depend on `parallel`.
AK_API int ak_sum(int64_t count, const float* left, const float* right, float* to, const ak_sum_report* report);
// The same checksums of some vectors by all threads at once; found: those of the first vector's blocks, then of the second's, and so on.
AK_API int ak_checksums(int64_t vectors, const float* const* x, const int64_t* counts, uint64_t* found);

// One pass of AdamW: g' = clip·g; m = β1·m + (1−β1)·g'; v = β2·v + (1−β2)·g'²;
// w = w·(1 − lr·decay) − lr·(m / correction1) / (√(v / correction2) + ε), with correction_i = 1 − β_i^t.
// spike > 0: elements of g' are brought down to ±√(spike·v), v being that of the step before.
typedef struct { float beta1, beta2, epsilon, correction1, correction2, spike; } ak_adamw_constants;
// Ranges of the vectors, in order: each begins where the one before ended. Ends are multiples of 16; the last is `count`.
typedef struct { int64_t end; float clip, lr, decay; int32_t unused; } ak_adamw_range;
// Read: weights, gradient, first moment, second moment; written: weights, first moment, second moment.
enum { ak_adamw_checksums = 7 };
// checksums [ak_adamw_checksums, blocks] of what was read and written, or null; update_squares: sum of squares of the change of the weights, or null.
AK_API int ak_adamw(int64_t count, float* w, const float* g, float* m, float* v, const ak_adamw_constants* constants, int64_t ranges,
                    const ak_adamw_range* range, uint64_t* checksums, double* update_squares);
// The same update, but nothing is written: what it would read and make.
AK_API int ak_adamw_preview(int64_t count, const float* w, const float* g, const float* m, const float* v, const ak_adamw_constants* constants, int64_t ranges,
                            const ak_adamw_range* range, uint64_t* checksums, double* update_squares);
// Sum over some elements of g'² / max(v' / correction2, ε²), where v' is the second moment that ak_adamw is going to write; NaN on failure.
AK_API double ak_adamw_ratio(int64_t count, const float* g, const float* v, const ak_adamw_constants* constants, float clip);

#ifdef __cplusplus
}
#endif
