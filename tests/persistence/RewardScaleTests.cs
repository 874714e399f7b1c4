using ActorTrain.Persistence.Checkpoints;

namespace ActorTrain.Persistence.Tests;

public sealed class RewardScaleTests : IDisposable
{
    private static readonly RewardScale Scale = new(new RewardSource("weights", "data", 1024, "bfloat16"), 200, 1.0 / 3, -double.Epsilon);
    private readonly TestDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public void It_is_read_back_to_the_bit_and_replaced_as_a_whole()
    {
        var path = directory.At("reward.json");
        RewardScale.Read(path).ShouldBeNull();
        (Scale with { Step = 7 }).Write(path);
        Scale.Write(path);
        RewardScale.Read(path).ShouldBe(Scale);
        Directory.EnumerateFileSystemEntries(directory.Path).ShouldHaveSingleItem();
    }

    [Fact]
    public void A_damaged_one_is_none_so_that_it_is_computed_again()
    {
        var path = directory.At("reward.json");
        Scale.Write(path);
        var text = File.ReadAllText(path);
        foreach (var damaged in new[] { "", text[..^5], text.Replace("gain", "gone", StringComparison.Ordinal), "null", "{}" })
        {
            File.WriteAllText(path, damaged);
            RewardScale.Read(path).ShouldBeNull();
        }
    }
}
