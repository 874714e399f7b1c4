using System.Text;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Rollouts;

namespace ActorTrain.Persistence.Tests;

/// <summary>What is missing or damaged is sampled again, so a ledger is right or says that it has nothing.</summary>
public sealed class RolloutLedgerTests : IDisposable
{
    private readonly TestDirectory directory = new();

    private string Folder => directory.At("rollouts");

    public void Dispose() => directory.Dispose();

    [Fact]
    public void Rollouts_are_read_back_to_the_bit()
    {
        float[] special = [-0.0f, 0, -float.Epsilon, float.MinValue, -1.17549435e-38f, MathF.BitIncrement(-1), -0.1f, -1e-45f, -3.4e38f];
        var sample = new ScoredRollout(
            new Rollout([.. special.Select(static (_, i) => i * 7)], [.. special], HasEnded: true),
            new RolloutScore(-0.0, [double.Epsilon, null, 1.0 / 3, double.MaxValue]), [.. special.Reverse()]);
        var step = new StepRollouts(
            long.MaxValue, ulong.MaxValue,
            [
                new(0, [1], [sample, sample with { Score = new RolloutScore(null, [null, null]), Reference = [] }]),
                new(long.MaxValue, [2, 3], [sample with { Score = new RolloutScore(0.1, []), Rollout = sample.Rollout with { HasEnded = false } }]),
            ]);
        new RolloutLedger(Folder).Write(step);
        var read = new RolloutLedger(Folder).Read(long.MaxValue).ShouldNotBeNull();
        read.ShouldBe(step);
        Bits(read).ShouldBe(Bits(step));
        BitConverter.DoubleToInt64Bits(read.Groups[0].Samples[0].Score.Total!.Value).ShouldBe(BitConverter.DoubleToInt64Bits(-0.0));

        static IEnumerable<int> Bits(StepRollouts step) => step.Groups.SelectMany(static group => group.Samples)
            .SelectMany(static one => one.Rollout.LogProbabilities.Concat(one.Reference)).Select(BitConverter.SingleToInt32Bits);
    }

    [Fact]
    public void Rollouts_from_a_seed_are_read_back_and_each_step_has_its_own()
    {
        var ledger = new RolloutLedger(Folder);
        for (var seed = 0; seed < 30; seed++)
            ledger.Write(Random(seed, step: seed));
        for (var seed = 0; seed < 30; seed++)
            ledger.Read(seed).ShouldBe(Random(seed, step: seed));
        ledger.Read(30).ShouldBeNull();
        Directory.GetFiles(Folder).Length.ShouldBe(30);
    }

    [Fact]
    public void A_step_that_is_taken_again_replaces_its_rollouts()
    {
        var ledger = new RolloutLedger(Folder);
        ledger.Write(Random(1, step: 5));
        ledger.Write(Random(2, step: 5));
        ledger.Read(5).ShouldBe(Random(2, step: 5));
        Directory.GetFileSystemEntries(Folder).ShouldHaveSingleItem();
    }

    [Fact]
    public void What_is_torn_or_altered_anywhere_is_not_there()
    {
        var ledger = new RolloutLedger(Folder);
        ledger.Read(5).ShouldBeNull();
        ledger.Write(Random(1, step: 5));
        var file = Directory.GetFiles(Folder).ShouldHaveSingleItem();
        var bytes = File.ReadAllBytes(file);
        for (var length = 0; length < bytes.Length; length += 1 + length / 40)
        {
            File.WriteAllBytes(file, bytes[..length]);
            ledger.Read(5).ShouldBeNull($"the first {length} bytes");
        }

        var expected = Random(1, step: 5);
        for (var at = 0; at < bytes.Length; at += 1 + at / 40)
        {
            foreach (var flip in new[] { 1, 0x20, 0x80 })
            {
                File.WriteAllBytes(file, [.. bytes.Select((value, i) => i == at ? (byte)(value ^ flip) : value)]);
                if (ledger.Read(5) is { } read)
                    read.ShouldBe(expected, $"byte {at} ^ {flip}: {Encoding.UTF8.GetString(bytes)[..60]}");
            }
        }

        File.WriteAllBytes(file, [.. bytes, .. bytes]);
        ledger.Read(5).ShouldBeNull();
        File.WriteAllBytes(file, new byte[bytes.Length]);
        ledger.Read(5).ShouldBeNull();
        File.WriteAllText(file, "{}\n");
        ledger.Read(5).ShouldBeNull();
        File.WriteAllText(file, "null\n");
        ledger.Read(5).ShouldBeNull();

        // One of another step is not this one's, whatever it is called.
        File.WriteAllBytes(file, bytes);
        File.Copy(file, file.Replace("5.", "6.", StringComparison.Ordinal));
        ledger.Read(6).ShouldBeNull();
        ledger.Read(5).ShouldBe(expected);
        ledger.Write(Random(3, step: 6));
        ledger.Read(6).ShouldBe(Random(3, step: 6));
    }

    [Fact]
    public void Nothing_half_written_is_seen_by_readers_beside_writers()
    {
        var ledger = new RolloutLedger(Folder);
        ledger.Write(Random(0, step: 5));
        StepRollouts[] possible = [.. Enumerable.Range(0, 8).Select(static seed => Random(seed, step: 5))];
        Parallel.For(0, 200, i =>
        {
            if (i % 3 == 0)
                ledger.Write(possible[i % 8]);
            else
                possible.ShouldContain(ledger.Read(5));
        });
        Directory.GetFileSystemEntries(Folder).ShouldHaveSingleItem();
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_an_error_that_names_step_and_folder()
    {
        File.WriteAllText(Folder, "A file is in its place.");
        Should.Throw<UserErrorException>(() => new RolloutLedger(Folder).Write(Random(1, step: 5))).Message.ShouldName("step 5", Folder);
        new RolloutLedger(Folder).Read(5).ShouldBeNull();
    }

    private static StepRollouts Random(int seed, long step)
    {
        var random = new Random(seed);
        return new(step, (ulong)random.NextInt64(), [.. Enumerable.Range(0, random.Next(1, 4)).Select(Group)]);

        RolloutGroup Group(int number) => new(
            100 + number, [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(70_000))],
            [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Sample())]);

        ScoredRollout Sample()
        {
            int[] ids = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => random.Next(70_000))];
            return new(
                new Rollout([.. ids], [.. ids.Select(_ => (float)Math.Log(random.NextDouble()))], random.Next(2) == 0),
                new RolloutScore(
                    random.Next(3) == 0 ? null : random.NextDouble(), [random.Next(3) == 0 ? null : random.NextDouble(), 1 / (double)3]),
                random.Next(2) == 0 ? [] : [.. ids.Select(_ => -random.NextSingle())]);
        }
    }
}
