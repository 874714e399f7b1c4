using System.Runtime.InteropServices;
using ActorTrain.Models;
using ActorTrain.Models.Storage;
using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Persistence.Tests;

public sealed class BaseWeightsTests : IDisposable
{
    private static readonly FlatLayout Layout =
        ModelLayout.Of(ModelOptions.FromDepth(1) with { ContextLength = 8, VocabularySize = 11, Heads = 2, KeyValueHeads = 2 });

    private readonly string folder = Directory.CreateTempSubdirectory("actortrain-base-").FullName;
    private readonly HostBuffer weights = new(Layout.Length * sizeof(float));

    public BaseWeightsTests()
    {
        var random = new Random(1);
        foreach (ref var value in MemoryMarshal.Cast<byte, float>(Bytes(weights)))
            value = random.NextSingle();
    }

    private BaseWeights Base => new(Path.Combine(folder, "base"), WeightsDigest.Of(Layout, weights));

    private static Span<byte> Bytes(HostBuffer buffer) => buffer.Slice(0, (int)buffer.Length);

    public void Dispose()
    {
        weights.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Weights_are_read_back_to_the_bit()
    {
        Base.Exists.ShouldBeFalse();
        Base.Write(Layout, weights);
        Base.Exists.ShouldBeTrue();
        using var read = Base.Read(Layout);
        Bytes(read).SequenceEqual(Bytes(weights)).ShouldBeTrue();
        Directory.GetFileSystemEntries(folder).Length.ShouldBe(1);
    }

    [Fact]
    public void A_changed_bit_a_truncation_and_a_lost_file_are_each_told_in_a_sentence()
    {
        Base.Write(Layout, weights);
        var file = Path.Combine(folder, "base", "model.safetensors");
        var bytes = File.ReadAllBytes(file);
        bytes[^9] ^= 1;
        File.WriteAllBytes(file, bytes);
        Should.Throw<UserErrorException>(() => Base.Read(Layout)).Message.ShouldBe(
            $"The initial weights in {file} are damaged; delete the file, and the next start copies it again, or restore it.");
        File.WriteAllBytes(file, bytes[..^100]);
        Should.Throw<UserErrorException>(() => Base.Read(Layout)).Message.ShouldContain(file);
        File.Delete(file);
        Should.Throw<UserErrorException>(() => Base.Read(Layout)).Message.ShouldContain(file);
    }
}
