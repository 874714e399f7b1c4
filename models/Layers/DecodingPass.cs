using System.Runtime.InteropServices;
using ActorTrain.Models.Kernels;
using ActorTrain.Models.Runtime;
using static ActorTrain.Models.Kernels.NativeKernels;
using static TorchSharp.torch;

namespace ActorTrain.Models.Layers;

/// <summary>New rows of some texts on their way through the layers, and the memory for what the layers compute of them.</summary>
/// <remarks>The memory is allocated once, for as many rows as a pass can have, so a token of a small model costs no allocation.</remarks>
internal sealed class DecodingPass : IDisposable
{
    private readonly Tensor[] memory;
    private readonly long[] tokens;
    private readonly long[] positions;
    private readonly KeyValueRun[] runs;
    private readonly nint keyValues;
    private int texts;

    /// <param name="keyValues">The cache of keys and values; not owned.</param>
    /// <param name="capacity">Most rows of a pass.</param>
    public DecodingPass(ModelOptions shape, Precision precision, nint keyValues, int capacity)
    {
        this.keyValues = keyValues;
        Capacity = capacity;
        (tokens, positions) = (Pinned<long>(), Pinned<long>());
        runs = Pinned<KeyValueRun>();
        long heads = shape.Heads, gates = shape.Family == ModelFamily.Llama ? 2 : 1;
        var type = new Activations(precision).Type;
        memory =
        [
            Rows(shape.Width, ScalarType.Float32), Rows(shape.Width, type), Rows(1, ScalarType.Float32), Rows(1, ScalarType.Float32),
            Rows(Math.Max((heads + 2L * shape.KeyValueHeads) * shape.HeadWidth, gates * shape.MlpWidth), type),
            Rows(Math.Max(heads * shape.HeadWidth, shape.MlpWidth), type),
        ];
        nint[] addresses = [.. memory.Select(static tensor => tensor.Address())];
        (X, Normed, Mean, ReciprocalDeviation, Wide, Narrow) =
            (addresses[0], addresses[1], addresses[2], addresses[3], addresses[4], addresses[5]);

        T[] Pinned<T>() => GC.AllocateArray<T>(capacity, pinned: true);
        Tensor Rows(long columns, ScalarType of) => empty(capacity, columns, dtype: of).DetachFromDisposeScope();
    }

    public int Capacity { get; }

    public int Rows { get; private set; }

    /// <summary><c>[Rows]</c> int64, as the positions.</summary>
    public nint Tokens => Marshal.UnsafeAddrOfPinnedArrayElement(tokens, 0);

    public nint Positions => Marshal.UnsafeAddrOfPinnedArrayElement(positions, 0);

    /// <summary>The residual stream, <c>[Rows, D]</c> float32.</summary>
    public nint X { get; }

    /// <summary><c>[Rows, D]</c> of the activations' type, as all that follow but the statistics.</summary>
    public nint Normed { get; }

    public nint Mean { get; }

    public nint ReciprocalDeviation { get; }

    /// <summary>Queries, keys and values, or the MLP before its activation.</summary>
    public nint Wide { get; }

    /// <summary>What was attended to, or the MLP after its activation.</summary>
    public nint Narrow { get; }

    public void Clear() => (Rows, texts) = (0, 0);

    /// <summary>Adds the next rows of a text, which must not have any in this pass yet.</summary>
    /// <param name="position">Of the first in the text.</param>
    /// <param name="blocks">Address of the numbers of its blocks, int32, which stay until the pass is done.</param>
    public void Add(ReadOnlySpan<int> next, int position, nint blocks, int blockCount)
    {
        runs[texts++] = new KeyValueRun(next.Length, position, blocks, blockCount);
        foreach (var token in next)
            (tokens[Rows], positions[Rows++]) = (token, position++);
    }

    /// <summary>From <see cref="Wide"/> to <see cref="Narrow"/>.</summary>
    public unsafe void Attend(int layer, int heads, double scale) => FusedKernels.Check(ak_kv_attention(
        keyValues, layer, texts, (KeyValueRun*)Marshal.UnsafeAddrOfPinnedArrayElement(runs, 0), heads, Wide, scale,
        default(AttentionMask), Narrow));

    public void Dispose()
    {
        foreach (var tensor in memory)
            tensor.Dispose();
    }
}
