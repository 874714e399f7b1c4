using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;

namespace ActorTrain.Actors.PostTraining;

/// <summary>The rollouts of one step in the making.</summary>
internal sealed class Preparation
{
    private readonly SortedDictionary<long, Group> groups = [];

    public Preparation(PrepareExperience asked, IEnumerable<Prompt> prompts, int samples)
    {
        Asked = asked;
        foreach (var prompt in prompts)
            groups.Add(prompt.Position, new Group(prompt, samples));
    }

    public PrepareExperience Asked { get; }

    public IEnumerable<Group> Groups => groups.Values;

    /// <summary>What the ledger is asked; null once it has answered.</summary>
    public LedgerCommand? Pending { get; set; }

    /// <summary>What the run was last told that it waits for.</summary>
    public RolloutPhase Phase { get; set; }

    /// <summary>Set once the step can be trained on.</summary>
    public ExperiencePrepared? Done { get; set; }

    public Experience? Experience { get; set; }

    public Group? Find(long position) => groups.GetValueOrDefault(position);

    /// <summary>All rollouts; null while any is incomplete.</summary>
    /// <param name="hasReferences">Whether log-probabilities under the reference model belong to them.</param>
    /// <param name="hasValues">Whether a critic's values do.</param>
    public StepRollouts? Complete(bool hasReferences, bool hasValues) =>
        groups.Values.All(group => group.IsComplete(hasReferences, hasValues))
        ? new StepRollouts(Asked.Step, Asked.Weights.Hash, [.. groups.Values.Select(static group => group.Result())])
        {
            KlCoefficient = Asked.KlCoefficient,
        }
        : null;

    /// <summary>Whether rollouts that were kept are those that it asks for.</summary>
    public bool Accepts(StepRollouts? kept, int samples, bool hasReferences, bool hasValues) => kept is not null
        && (kept.Step, kept.Weights, kept.KlCoefficient) == (Asked.Step, Asked.Weights.Hash, Asked.KlCoefficient)
        && kept.Groups.Select(static group => (group.Position, group.Prompt))
            .SequenceEqual(groups.Values.Select(static group => (group.Prompt.Position, group.Prompt.Ids)))
        && kept.Groups.All(group => group.Samples.Count == samples
            && group.Samples.All(sample => sample.Reference.Count == (hasReferences ? sample.Rollout.Ids.Count : 0)
                && sample.Values.Count == (hasValues ? sample.Rollout.Ids.Count : 0)));

    /// <summary>The rollouts of one prompt.</summary>
    public sealed class Group(Prompt prompt, int samples)
    {
        public Prompt Prompt => prompt;

        public SampleVote[] Votes { get; } = [.. Enumerable.Range(0, samples).Select(static _ => new SampleVote())];

        /// <summary>Grows when its rollouts change: what was computed of the former ones does not count.</summary>
        public int Attempt { get; private set; }

        public EquatableArray<RolloutScore>? Scores { get; set; }

        public EquatableArray<EquatableArray<float>>? References { get; set; }

        public EquatableArray<EquatableArray<float>>? Values { get; set; }

        public bool IsGenerated => Votes.All(static vote => vote.Accepted is not null);

        public EquatableArray<Rollout> Rollouts => [.. Votes.Select(static vote => vote.Accepted!)];

        public bool IsComplete(bool hasReferences, bool hasValues) => IsGenerated && Scores is not null
            && (!hasReferences || References is not null) && (!hasValues || Values is not null);

        /// <summary>What follows from its rollouts is to be computed again.</summary>
        public void Doubt() => (Scores, References, Values, Attempt) = (null, null, null, Attempt + 1);

        public RolloutGroup Result() => new(
            prompt.Position, prompt.Ids,
            [
                .. Rollouts.Select((rollout, sample) => new ScoredRollout(rollout, Scores!.Value[sample], References?[sample] ?? [])
                {
                    Values = Values?[sample] ?? [],
                }),
            ]);
    }
}
