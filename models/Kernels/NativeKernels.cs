using System.Runtime.InteropServices;

namespace ActorTrain.Models.Kernels;

/// <summary>The functions of <c>models/native/kernels.h</c>, which documents their shapes.</summary>
internal static partial class NativeKernels
{
    /// <summary><c>ak_head_gradient_bytes</c>.</summary>
    internal const int HeadGradientBytes = 128 << 20;

    private const string Library = "actortrain_kernels";

    [LibraryImport(Library)] internal static partial int ak_configure(int isa);
    [LibraryImport(Library)] internal static partial nint ak_description();
    [LibraryImport(Library)] internal static partial nint ak_error();
    [LibraryImport(Library)] internal static partial void ak_set_threads(int threads);
    [LibraryImport(Library)] internal static partial double ak_memory_rate(int writes, int repetitions);

    [LibraryImport(Library)] internal static partial nint ak_linear_new(long input, long output, int dtype);
    [LibraryImport(Library)] internal static partial void ak_linear_free(nint linear);
    [LibraryImport(Library)] internal static partial int ak_linear_pack(nint linear, nint weight);
    [LibraryImport(Library)] internal static partial long ak_linear_packed(nint linear, int copy, out nint words);
    [LibraryImport(Library)]
    internal static partial int ak_linear_forward(nint linear, long rows, nint x, nint bias, nint residual, nint y,
        int yDtype);
    [LibraryImport(Library)]
    internal static partial int ak_linear_forward_gelu(nint linear, long rows, nint x, nint bias, nint y, nint active);
    [LibraryImport(Library)] internal static partial int ak_linear_input_gradient(nint linear, long rows, nint dy, nint dx);
    [LibraryImport(Library)]
    internal static partial int ak_linear_input_gradient_gelu(nint linear, long rows, nint dy, nint before, nint dBefore);
    [LibraryImport(Library)]
    internal static partial int ak_linear_weight_gradient(
        nint linear, long rows, long lanes, nint dy, nint x, nint dw, nint db, int accumulate);

    [LibraryImport(Library)]
    internal static partial int ak_layer_norm_forward(
        long rows, long width, nint x, nint weight, nint bias, double epsilon, nint y, int yDtype, nint mean, nint rstd);
    [LibraryImport(Library)]
    internal static partial int ak_layer_norm_backward(
        long rows, long lanes, long width, nint dy, int dyDtype, nint x, nint weight, nint mean, nint rstd, nint residualGradient,
        nint dx, nint dweight, nint dbias, int accumulate);
    [LibraryImport(Library)]
    internal static partial int ak_rms_norm_forward(long rows, long width, nint x, nint weight, double epsilon, nint y, int yDtype,
        nint rstd);
    [LibraryImport(Library)]
    internal static partial int ak_rms_norm_backward(
        long rows, long lanes, long width, nint dy, int dyDtype, nint x, nint weight, nint rstd, nint residualGradient, nint dx,
        nint dweight, int accumulate);

    [LibraryImport(Library)] internal static partial int ak_gelu_forward(long count, nint x, nint y, int dtype);
    [LibraryImport(Library)] internal static partial int ak_gelu_backward(long count, nint x, nint dy, nint dx, int dtype);
    [LibraryImport(Library)] internal static partial int ak_swiglu_forward(long rows, long width, nint gateUp, nint y, int dtype);
    [LibraryImport(Library)]
    internal static partial int ak_swiglu_backward(long rows, long width, nint gateUp, nint dy, nint dGateUp,
        int dtype);

    [LibraryImport(Library)]
    internal static partial int ak_rope(
        long rows, long heads, long headWidth, long rowWidth, nint x, nint positions, long tableRows, nint cos, nint sin, int inverse,
        int dtype);
    [LibraryImport(Library)]
    internal static partial int ak_attention_forward(
        long rows, long heads, long kvHeads, long headWidth, nint qkv, double scale, in Segments segments, in AttentionMask mask,
        nint output, nint lse, int dtype);
    [LibraryImport(Library)]
    internal static partial int ak_attention_backward(
        long rows, long heads, long kvHeads, long headWidth, nint qkv, nint output, nint lse, nint doutput, double scale,
        in Segments segments, in AttentionMask mask, nint dqkv, int dtype);

    [LibraryImport(Library)]
    internal static partial nint ak_kv_new(long layers, long blocks, long kvHeads, long headWidth, int dtype);
    [LibraryImport(Library)] internal static partial void ak_kv_free(nint kv);
    [LibraryImport(Library)] internal static partial int ak_kv_copy_block(nint kv, long from, long to);
    [LibraryImport(Library)]
    internal static unsafe partial int ak_kv_attention(
        nint kv, long layer, long runs, KeyValueRun* run, long heads, nint qkv, double scale, in AttentionMask mask, nint output);

    [LibraryImport(Library)]
    internal static partial int ak_embedding_forward(
        long batch, long time, long width, nint tokens, nint positions, nint tokenWeight, nint positionWeight, nint x);
    [LibraryImport(Library)]
    internal static partial int ak_embedding_backward(
        long batch, long time, long width, long vocabulary, nint tokens, nint positions, nint dx, float tokenScale, nint dToken,
        nint dPosition, int accumulateTokens, int accumulatePositions, long lanes, nint tokenRows);

    [LibraryImport(Library)]
    internal static partial int ak_head(
        nint head, long rows, nint x, nint targets, in HeadObjective objective, in HeadRows results, nint dx, nint dw, int accumulate,
        long lanes, nint tokenRows);

    [LibraryImport(Library)] internal static partial nint ak_token_rows_new(long vocabulary, long width);
    [LibraryImport(Library)] internal static partial void ak_token_rows_free(nint tokenRows);
    [LibraryImport(Library)] internal static partial int ak_token_rows_begin(nint tokenRows, long lanes, long rows, nint tokens);

    [LibraryImport(Library)]
    internal static unsafe partial int ak_sample(long rows, long vocabulary, float* logits, SamplingRow* options, SampledRow* sampled);

    [LibraryImport(Library)] internal static partial int ak_convert(long count, nint from, nint toBfloat16);
    [LibraryImport(Library)] internal static partial double ak_sum_squares(long count, nint x);
    [LibraryImport(Library)] internal static partial int ak_sum(long count, nint left, nint right, nint to, in SumReport report);
    [LibraryImport(Library)] internal static unsafe partial int ak_checksums(long vectors, nint* x, long* counts, ulong* found);
    [LibraryImport(Library)]
    internal static unsafe partial int ak_adamw(
        long count, nint w, nint g, nint m, nint v, in AdamWConstants constants, long ranges, AdamWRange* range, ulong* checksums,
        out double updateSquares);
    [LibraryImport(Library)]
    internal static unsafe partial int ak_adamw_preview(
        long count, nint w, nint g, nint m, nint v, in AdamWConstants constants, long ranges, AdamWRange* range, ulong* checksums,
        out double updateSquares);
    [LibraryImport(Library)]
    internal static partial double ak_adamw_ratio(long count, nint g, nint v, in AdamWConstants constants,
        float clip);

    /// <summary>Texts in the rows of a batch; without ends, <paramref name="Count"/> of equal length.</summary>
    internal readonly record struct Segments(long Count, nint Ends = 0, nint Prefixes = 0);

    /// <summary>The default is causal without more.</summary>
    internal readonly record struct AttentionMask(long Window, long Sinks, nint Slopes);

    internal readonly record struct KeyValueRun(long Rows, long Position, nint Blocks, long BlockCount);

    internal readonly unsafe struct SumReport(
        double* squares, ulong* left, ulong* right, ulong* sum, long cells, long* cellEnds, double* cellSquares, long parallel)
    {
        public readonly double* Squares = squares;
        public readonly ulong* Left = left, Right = right, Sum = sum;
        public readonly long Cells = cells;
        public readonly long* CellEnds = cellEnds;
        public readonly double* CellSquares = cellSquares;
        public readonly long Parallel = parallel;
    }

    internal readonly record struct HeadObjective(
        float Scale, float LabelSmoothing = 0, float ZLoss = 0, float SoftCap = 0, nint Weights = 0, nint Temperatures = 0,
        nint EntropyWeights = 0);

    internal readonly record struct HeadRows(nint Loss, nint LogProbability = 0, nint Entropy = 0);

    internal readonly record struct SamplingRow(
        double Uniform, double Temperature, double TopP, double MinP, double RepetitionPenalty, long TopK, long Pieces, nint Seen,
        long SeenCount);

    internal readonly record struct SampledRow(long Token, float LogProbability, float DrawnLogProbability);

    internal readonly record struct AdamWConstants(float Beta1, float Beta2, float Epsilon, float Correction1, float Correction2,
        float Spike);

    internal readonly record struct AdamWRange(long End, float Clip, float Rate, float Decay);
}
