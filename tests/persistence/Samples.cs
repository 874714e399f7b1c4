using System.Runtime.InteropServices;
using ActorTrain.Models;
using ActorTrain.Models.Numerics;
using ActorTrain.Models.Plan;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Persistence.Tests;

/// <summary>Contents whose every number follows from the step, so that a test can tell what a checkpoint ought to hold.</summary>
internal static class Samples
{
    public static FlatLayout Layout { get; } = FlatLayout.Of([("tokens.weight", [33, 7]), ("norm.weight", [7]), ("norm.bias", [7])]);

    public static CheckpointFacts Facts(long step) => new()
    {
        Step = step,
        ConfigurationHash = "c0ffee",
        Model = ModelOptions.FromDepth(2, ModelFamily.Llama),
        Cursor = new PlanCursor(8 * step, 8 * step, 2048 * step),
        SkipList =
            SkipList.Of([new SkippedRange(3, 2, "loss spike at step 1"), new SkippedRange(40, 1, "bytes that are not \"text\" – né")]),
        Fingerprint = new NumericFingerprint("1.13.1", "openblas-openmp SkylakeX", "2.6.3 avx512", "AVX512", "avx512_bf16", "cpu"),
        State = new Dictionary<string, string> { ["loss"] = "3.25", ["note"] = "<ä>" },
    };

    public static CheckpointContent Content(long step, FlatLayout? layout = null, int version = 0)
    {
        layout ??= Layout;
        return new CheckpointContent(Facts(step), layout, Buffer(layout, step, version), Buffer(layout, step, version + 1),
            Buffer(layout, step, version + 2));
    }

    public static void Commit(this CheckpointStore store, long step, FlatLayout? layout = null, int version = 0)
    {
        var content = Content(step, layout, version);
        store.Commit(content);
        content.Free();
    }

    public static void Free(this CheckpointContent content)
    {
        content.Weights.Dispose();
        content.FirstMoment.Dispose();
        content.SecondMoment.Dispose();
    }

    public static HostBuffer Buffer(FlatLayout layout, long step, int version)
    {
        var buffer = new HostBuffer(layout.Length * sizeof(float));
        Fill(buffer, layout, step, version);
        return buffer;
    }

    public static void Fill(HostBuffer buffer, FlatLayout layout, long step, int version)
    {
        var state = ((ulong)step * 0x9E3779B97F4A7C15) + (ulong)version;
        foreach (var entry in layout.Entries)
        {
            foreach (ref var word in MemoryMarshal.Cast<byte, uint>(buffer.Slice(entry.Offset * 4, (int)entry.Count * 4)))
            {
                state = (state * 6364136223846793005) + 1442695040888963407;
                word = (uint)(state >> 32);
            }
        }
    }

    public static Span<float> Floats(this HostBuffer buffer) => MemoryMarshal.Cast<byte, float>(buffer.Slice(0, (int)buffer.Length));

    public static void ShouldHold(this HostBuffer? buffer, HostBuffer expected)
    {
        buffer.ShouldNotBeNull();
        buffer.Slice(0, (int)buffer.Length).SequenceEqual(expected.Slice(0, (int)expected.Length)).ShouldBeTrue("The bytes differ.");
        expected.Dispose();
    }

    public static void ShouldBeOf(this LoadedCheckpoint? loaded, long step, FlatLayout? layout = null, int version = 0)
    {
        layout ??= Layout;
        loaded.ShouldNotBeNull();
        loaded.Manifest.Facts.Step.ShouldBe(step);
        loaded.Weights.ShouldHold(Buffer(layout, step, version));
        loaded.FirstMoment.ShouldHold(Buffer(layout, step, version + 1));
        loaded.SecondMoment.ShouldHold(Buffer(layout, step, version + 2));
        loaded.Manifest.WeightsHash.ShouldBe(WeightsDigest.Of(layout, loaded.Weights));
        loaded.Dispose();
    }

    public static Action<CheckpointFault> NoFaults { get; } = fault => throw new InvalidOperationException(fault.Sentence);
}
