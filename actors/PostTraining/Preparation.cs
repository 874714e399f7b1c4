using ActorTrain.Actors.Protocol;
using ActorTrain.Models;
using ActorTrain.Models.Rollouts;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.PostTraining;

/// <summary>The rollouts of one step in the making.</summary>
internal sealed class Preparation
{
    private readonly RolloutsOptions options;
    private readonly SortedDictionary<long, Group> groups = [];

    public Preparation(PrepareExperience asked, RolloutsOptions options)
    {
        (Asked, this.options) = (asked, options);
        var prompts = options.Prompts(asked.Step, asked.Skips).OrderBy(static prompt => prompt.Position).ToList();
        Compared = ComparedOf(prompts.Count);
        foreach (var (index, prompt) in prompts.Index())
            groups.Add(prompt.Position, new Group(prompt, options, Compared.Any(compared => compared.Group == index)));
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

    /// <summary>The rollouts that are sampled twice, by the index of their prompt, whose rollouts are judged twice: all where any were
    /// found wrong, else one in some steps.</summary>
    public IReadOnlyList<(int Group, int Sample)> Compared { get; }

    /// <summary>Why a rollout cannot be one of the step, which only what the published weights have made is; null if it can.</summary>
    /// <param name="pieces">Token ids are below it.</param>
    public string? ProblemOf(RolloutDone done, int pieces) => done.Weights != Asked.Weights.Hash
        ? $"was sampled with weights {done.Weights:x16}, which are not those published"
        : done.Rollout.Ids.Any(id => id < 0 || id >= pieces) ? "has a token that is not in the vocabulary" : null;

    /// <summary>All rollouts; null while any is incomplete.</summary>
    public StepRollouts? Complete() => groups.Values.All(static group => group.IsComplete)
        ? new StepRollouts(Asked.Step, Asked.Weights.Hash, [.. groups.Values.Select(static group => group.Result())])
        {
            KlCoefficient = Asked.KlCoefficient,
        }
        : null;

    /// <summary>Whether rollouts that were kept are those that it asks for.</summary>
    public bool Accepts(StepRollouts? kept) => kept is not null
        && (kept.Step, kept.Weights, kept.KlCoefficient) == (Asked.Step, Asked.Weights.Hash, Asked.KlCoefficient)
        && kept.Groups.Select(static group => (group.Position, group.Prompt))
            .SequenceEqual(groups.Values.Select(static group => (group.Prompt.Position, group.Prompt.Ids)))
        && kept.Groups.All(group => group.Samples.Count == options.Rollouts.Samples
            && group.Samples.All(sample => sample.Reference.Count == (options.References > 0 ? sample.Rollout.Ids.Count : 0)
                && sample.Values.Count == (options.Critics > 0 ? sample.Rollout.Ids.Count : 0)));

    private (int Group, int Sample)[] ComparedOf(int prompts)
    {
        var (every, samples) = (options.AuditEvery, options.Rollouts.Samples);
        IEnumerable<int> compared = Asked.IsDoubted ? Enumerable.Range(0, prompts * samples)
            : every > 0 && Asked.Step % every == 0 ? [(int)(Asked.Step / every % (prompts * samples))] : [];
        return [.. compared.Select(index => (index / samples, index % samples))];
    }

    /// <summary>The rollouts of one prompt.</summary>
    public sealed class Group
    {
        private readonly bool isCompared;

        /// <param name="isCompared">Whether its judgements are computed twice.</param>
        public Group(Prompt prompt, RolloutsOptions options, bool isCompared)
        {
            (Prompt, this.isCompared) = (prompt, isCompared);
            Samples = [.. Enumerable.Range(0, options.Rollouts.Samples).Select(static _ => new Vote<Rollout>())];
            Judgements = options.Judges.ToDictionary(static role => role, _ => new Vote<JudgementReport>(isCompared: isCompared));
        }

        public Prompt Prompt { get; }

        public IReadOnlyList<Vote<Rollout>> Samples { get; }

        /// <summary>What each role computes of the rollouts.</summary>
        public Dictionary<ActorRole, Vote<JudgementReport>> Judgements { get; }

        public bool IsGenerated => Samples.All(static vote => vote.Accepted is not null);

        public EquatableArray<Rollout> Rollouts => [.. Samples.Select(static vote => vote.Accepted!)];

        public bool IsComplete => IsGenerated && Judgements.Values.All(static vote => vote.Accepted is not null);

        /// <summary>What follows from its rollouts is to be computed again; what was computed of the former ones does not count.</summary>
        public void Doubt()
        {
            foreach (var role in Judgements.Keys.ToList())
                Judgements[role] = new Vote<JudgementReport>(Judgements[role].Next, isCompared);
        }

        public RolloutGroup Result()
        {
            var scores = Accepted<RewardsScored>(ActorRole.Reward)!.Scores;
            var references = Accepted<ReferencesScored>(ActorRole.Reference)?.LogProbabilities;
            var values = Accepted<ValuesEstimated>(ActorRole.Critic)?.Values;
            return new RolloutGroup(Prompt.Position, Prompt.Ids,
            [
                .. Rollouts.Select((rollout, sample) => new ScoredRollout(rollout, scores[sample], references?[sample] ?? [])
                {
                    Values = values?[sample] ?? [],
                }),
            ]);
        }

        private TReport? Accepted<TReport>(ActorRole role)
            where TReport : JudgementReport => (TReport?)Judgements.GetValueOrDefault(role)?.Accepted;
    }
}
