using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Persistence.Tests;

public sealed class ReferenceScoresTests : IDisposable
{
    private static readonly ReferenceSource Source = new("weights", "data", "bfloat16");
    private readonly TestDirectory directory = new();

    private string Folder => directory.At("reference");

    public void Dispose() => directory.Dispose();

    [Fact]
    public void Scores_are_read_back_to_the_bit_and_replaced_as_a_whole()
    {
        ReferenceScores.Read(Folder, Source).ShouldBeNull();
        new ReferenceScores(Source, [-1.5, -double.Epsilon, double.MinValue], []).Write(Folder);
        new ReferenceScores(Source, [-0.1, -0.2], [-0.3]).Write(Folder);
        var read = ReferenceScores.Read(Folder, Source).ShouldNotBeNull();
        (read.Training, read.Validation).ShouldBe(([-0.1, -0.2], [-0.3]), new Numbers());
        Directory.EnumerateFileSystemEntries(directory.Path).ShouldHaveSingleItem();
    }

    [Fact]
    public void Scores_of_another_source_and_damaged_ones_are_computed_again()
    {
        new ReferenceScores(Source, [-0.1, -0.2], [-0.3]).Write(Folder);
        foreach (var other in new[] { Source with { Weights = "w" }, Source with { Data = "d" }, Source with { Precision = "float32" } })
            ReferenceScores.Read(Folder, other).ShouldBeNull();
        foreach (var file in Directory.GetFiles(Folder))
        {
            var bytes = File.ReadAllBytes(file);
            for (var at = 0; at < bytes.Length; at += 3)
            {
                File.WriteAllBytes(file, [.. bytes.Select((value, i) => i == at ? (byte)(value ^ 1) : value)]);
                if (ReferenceScores.Read(Folder, Source) is { } read)
                    (read.Training, read.Validation).ShouldBe(([-0.1, -0.2], [-0.3]), new Numbers());
            }

            File.WriteAllBytes(file, bytes[..^1]);
            (Path.GetExtension(file) == ".json" || ReferenceScores.Read(Folder, Source) is null).ShouldBeTrue();
            File.WriteAllBytes(file, bytes);
        }

        File.Delete(Directory.GetFiles(Folder, "*.bin")[0]);
        ReferenceScores.Read(Folder, Source).ShouldBeNull();
    }

    private sealed class Numbers : IEqualityComparer<(double[], double[])>
    {
        public bool Equals((double[], double[]) one, (double[], double[]) other) =>
            one.Item1.SequenceEqual(other.Item1) && one.Item2.SequenceEqual(other.Item2);

        public int GetHashCode((double[], double[]) pair) => pair.Item1.Length;
    }
}
