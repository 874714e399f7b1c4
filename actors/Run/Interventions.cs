using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Run;

/// <summary>The interventions of a run, its own and its operators', in order.</summary>
internal sealed class Interventions
{
    private readonly List<Intervention> all = [];

    /// <summary>Continues after those that the journal holds.</summary>
    public Interventions(IEnumerable<Intervention> decided) => all.AddRange(decided);

    public IReadOnlyList<Intervention> All => all;

    /// <summary>The number of the next.</summary>
    public int Next => all.Count + 1;

    public void Add(Intervention intervention)
    {
        if (intervention.Number != Next)
            throw new InvariantException($"Intervention {intervention.Number} was decided, but the next number is {Next}.");
        all.Add(intervention);
    }

    /// <summary>Those that are not in force yet, in the order in which they take effect.</summary>
    /// <remarks>Two may have one number: a process that was killed can have decided something that landed after the next one had read the
    /// journal.</remarks>
    public IEnumerable<Intervention> Pending(RunOverrides overrides) =>
        all.Where(intervention => !overrides.Interventions.Contains(intervention)).OrderBy(static intervention => intervention.From)
            .ThenBy(static intervention => intervention.Number);

    /// <summary>Kept overrides, with what is known by now to be skipped later.</summary>
    public RunOverrides Ahead(RunOverrides kept) =>
        kept with { Skips = kept.Skips.Joined(all.SelectMany(static intervention => intervention.Skipped)) };

    /// <summary>From which step on a decision of now takes effect.</summary>
    /// <param name="boundary">The first step that is not begun.</param>
    /// <returns>Where the run is on its way back to the step that the newest decision is about, that step: those before it are only
    /// computed again.</returns>
    public long EffectiveFrom(long boundary, RunOverrides overrides) =>
        all is [.., var newest] && Pending(overrides).Contains(newest) ? Math.Max(boundary, newest.From) : boundary;
}
