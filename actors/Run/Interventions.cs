using ActorTrain.Models;
using ActorTrain.Models.Plan;
using ActorTrain.Persistence.Recovery;

namespace ActorTrain.Actors.Run;

/// <summary>The interventions of a run, automatic and by operators, in order.</summary>
internal sealed class Interventions
{
    private readonly List<Intervention> all = [];

    public Interventions(IEnumerable<Intervention> decided) => all.AddRange(decided);

    public IReadOnlyList<Intervention> All => all;

    public int Next => all.Count + 1;

    public void Add(Intervention intervention)
    {
        if (intervention.Number != Next)
            throw new InvariantException($"Intervention {intervention.Number} was decided, but the next number is {Next}.");
        all.Add(intervention);
    }

    /// <summary>Interventions not yet in force, in the order in which they take effect.</summary>
    /// <remarks>Two may have the same number: a decision of a killed process can land after the next process has read the
    /// journal.</remarks>
    public IEnumerable<Intervention> Pending(RunOverrides overrides) =>
        all.Where(intervention => !overrides.Interventions.Contains(intervention)).OrderBy(static intervention => intervention.From)
            .ThenBy(static intervention => intervention.Number);

    /// <summary><paramref name="kept"/>, plus the skips already known for later steps.</summary>
    public RunOverrides Ahead(RunOverrides kept) =>
        kept with { Skips = kept.Skips.Joined(all.SelectMany(static intervention => intervention.Skipped)) };

    /// <summary>The step from which a decision taken now takes effect.</summary>
    /// <param name="boundary">The first step that has not begun.</param>
    /// <returns>During a rollback for the newest decision, the step of that decision, since the steps before it are only
    /// recomputed.</returns>
    public long EffectiveFrom(long boundary, RunOverrides overrides) =>
        all is [.., var newest] && Pending(overrides).Contains(newest) ? Math.Max(boundary, newest.From) : boundary;
}
