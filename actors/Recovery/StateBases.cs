using System.IO.Hashing;
using ActorTrain.Actors.Protocol;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Recovery;

/// <summary>Which decisions states rest on.</summary>
public static class StateBases
{
    /// <summary>Whether a decision changes the course of a run, or casts doubt on its states.</summary>
    public static bool IsBasis(RunEvent decision) => decision is RunStarted or RunResumed or RunRewound or RunRolledBack or CourseCorrected
        or BatchVetoed or CorruptionFound;

    public static StateBasis Of(RunEvent decision, long number) => new(number, XxHash3.HashToUInt64(RunEventCodec.Write(decision)));

    /// <param name="decisions">All of a run.</param>
    public static StateBasis Of(IReadOnlyList<RunEvent> decisions)
    {
        ArgumentNullException.ThrowIfNull(decisions);
        for (var number = decisions.Count; number > 0; number--)
        {
            if (IsBasis(decisions[number - 1]))
                return Of(decisions[number - 1], number);
        }

        return default;
    }
}
