using ActorTrain.Actors.Protocol;
using ActorTrain.Models.Plan;

namespace ActorTrain.Chaos.Tests.Schedules;

/// <summary>What of a rollout a sampler reports wrong.</summary>
internal enum WrongPart
{
    Id,

    LogProbability,

    /// <summary>The weights that it was sampled with.</summary>
    Weights,
}

/// <summary>A report that is wrong in one bit.</summary>
/// <param name="Occurrence">Among the reports that can be found wrong.</param>
/// <param name="Bit">Of an id or of a log-probability, in whose mantissa it is.</param>
internal sealed record WrongAnswer(WrongPart Part, int Occurrence, int Bit = 0)
{
    private const int Mantissa = 23;

    public static WrongAnswer Of(Random random) =>
        new((WrongPart)random.Next(Enum.GetValues<WrongPart>().Length), random.Next(6), random.Next(Mantissa));

    /// <summary>Whether it is found wrong if it is wrong: the weights always are, the rest where another sampler computes it too, or where
    /// those who train on it have the weights that sampled it.</summary>
    public bool CanBe(RolloutDone report, RolloutSchedule schedule) =>
        Part == WrongPart.Weights || report.Attempt > 0 || schedule.Lag == 0;

    /// <summary>A report with one bit flipped.</summary>
    public RolloutDone Of(RolloutDone report)
    {
        var rollout = report.Rollout;
        return Part switch
        {
            WrongPart.Id => report with { Rollout = rollout with { Ids = [rollout.Ids[0] ^ (1 << Bit), .. rollout.Ids.Skip(1)] } },
            WrongPart.LogProbability => report with
            {
                Rollout = rollout with
                {
                    LogProbabilities =
                    [
                        .. rollout.LogProbabilities.SkipLast(1),
                        BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(rollout.LogProbabilities[^1]) ^ (1 << Bit)),
                    ],
                },
            },
            _ => report with { Weights = report.Weights ^ 1 },
        };
    }
}
