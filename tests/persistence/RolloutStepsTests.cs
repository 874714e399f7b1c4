using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Rollouts;

namespace ActorTrain.Persistence.Tests;

/// <summary>Which steps a ledger has.</summary>
public sealed class RolloutStepsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("rollouts-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void What_is_written_is_read_and_listed()
    {
        var ledger = new RolloutLedger(folder);
        ledger.Steps().ShouldBeEmpty();
        foreach (var step in new[] { 3L, 0, 12 })
            ledger.Write(Step(step));
        ledger.Steps().ShouldBe([0, 3, 12]);
        ledger.Read(12).ShouldBe(Step(12));
        ledger.Read(1).ShouldBeNull();
        File.WriteAllText(Path.Combine(folder, "step-7.jsonl"), "");
        File.WriteAllText(Path.Combine(folder, "step-x.jsonl"), "");
        ledger.Steps().ShouldBe([0, 3, 12]);
        new RolloutLedger(Path.Combine(folder, "none")).Steps().ShouldBeEmpty();
    }

    [Fact]
    public void A_rollout_that_is_there_twice_is_damage()
    {
        var ledger = new RolloutLedger(folder);
        var step = Step(3);
        ledger.Write(step with { Groups = [step.Groups[0], step.Groups[0]] });
        ledger.Read(3).ShouldBeNull();
        ledger.Steps().ShouldBe([3]);
    }

    private static StepRollouts Step(long step) => new(step, 77,
    [
        .. new long[] { 8, 9 }.Select(position => new RolloutGroup(position, [1, 2],
        [
            .. Enumerable.Range(0, 2).Select(sample => new ScoredRollout(
                new Rollout([5, 6 + sample], [-0.25f, -1.5f], true), new RolloutScore(0.1 + sample, [0.1, null]), [-0.5f, -1])),
        ])),
    ]);
}
