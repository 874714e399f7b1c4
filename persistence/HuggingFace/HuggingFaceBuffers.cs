using System.Buffers.Binary;
using ActorTrain.Models;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Safetensors;

namespace ActorTrain.Persistence.HuggingFace;

/// <summary>Checks the tensors of published files that carry no parameter against what follows from the options.</summary>
internal static class HuggingFaceBuffers
{
    // Scores are masked with -1e4 or less; a bfloat16 keeps 8 bits.
    private const double Masked = -9_900, Rounding = 1.0 / 128;

    /// <exception cref="UserErrorException">The buffer is of another shape or has other values.</exception>
    public static void Require(SafetensorsFile file, SafetensorsEntry entry, ModelOptions options)
    {
        if (entry.Name.EndsWith("masked_bias", StringComparison.Ordinal))
            Demand(entry.Shape.All(static size => size == 1) && Values(file, entry) is [<= Masked], "one number of at most -10000");
        else if (entry.Name.EndsWith("inv_freq", StringComparison.Ordinal))
        {
            // Earlier versions of transformers divided positions by a linear factor instead of frequencies.
            var due = options.RopeScaling.Frequencies(options.HeadWidth, options.RopeTheta);
            Demand(entry.Shape.SequenceEqual([due.Length]) && Values(file, entry) is { } values
                && (AreFrequencies(values, due) || (options.RopeScaling.Type is RopeScalingType.Linear
                    && AreFrequencies(values, default(RopeScaling).Frequencies(options.HeadWidth, options.RopeTheta)))),
                $"{due.Length} rotary frequencies of base {options.RopeTheta}"
                + $"{(options.RopeScaling == default ? "" : $" scaled by {options.RopeScaling.Type.ToString().ToLowerInvariant()}")}");
        }
        else
        {
            long length = options.ContextLength;
            Demand(entry.Shape.SequenceEqual([1, 1, length, length]) && Values(file, entry) is { } values
                && values.Index().All(at => at.Item == (at.Index % length <= at.Index / length ? 1 : 0)),
                $"a causal mask of [1, 1, {length}, {length}]");
        }

        void Demand(bool isSo, string what)
        {
            if (!isSo)
                throw new UserErrorException(
                    $"In {file.Path} the tensor {entry.Name} is not {what}, which {HuggingFaceConfig.Name} requires; "
                    + $"download both from the same model.");
        }
    }

    private static bool AreFrequencies(double[] values, double[] due) =>
        values.Zip(due).All(static pair => Math.Abs(pair.First - pair.Second) <= pair.Second * Rounding);

    private static double[] Values(SafetensorsFile file, SafetensorsEntry entry)
    {
        using var raw = new HostBuffer(Math.Max(1, entry.ByteCount));
        file.Read(entry, raw, 0);
        var size = entry.Dtype!.Value.Size();
        var bytes = raw.Slice(0, (int)entry.ByteCount);
        var values = new double[bytes.Length / size];
        for (var i = 0; i < values.Length; i++)
            values[i] = ValueOf(entry.Dtype.Value, bytes.Slice(i * size, size));
        GC.KeepAlive(raw);
        return values;
    }

    private static double ValueOf(SafetensorsDtype dtype, ReadOnlySpan<byte> bytes) => dtype switch
    {
        SafetensorsDtype.F64 => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        SafetensorsDtype.F32 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        SafetensorsDtype.BF16 => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16),
        SafetensorsDtype.F16 => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
        SafetensorsDtype.I64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        SafetensorsDtype.I32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        _ => bytes[0],
    };
}
