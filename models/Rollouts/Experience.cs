using System.IO.Hashing;
using System.Runtime.InteropServices;
using ActorTrain.Models.PostTraining.Policies;

namespace ActorTrain.Models.Rollouts;

/// <summary>What a step is trained on: its rollouts and their advantages. Immutable.</summary>
public sealed class Experience
{
    private readonly Dictionary<long, int> indices;
    private readonly IReadOnlyList<IReadOnlyList<TokenAdvantages>> advantages;

    /// <param name="groups">Of the step, in order of position, each with all its samples.</param>
    /// <param name="longest">Most tokens of a completion.</param>
    public Experience(IReadOnlyList<RolloutGroup> groups, AdvantageOptions options, int longest, bool isOnPolicy)
    {
        Groups = groups;
        IsOnPolicy = isOnPolicy;
        advantages = StepAdvantages.Of(groups, options, longest);
        indices = groups.Index().ToDictionary(static group => group.Item.Position, static group => group.Index);
        var live = advantages.SelectMany(static group => group).Where(static sample => sample.Mask.Contains(true)).ToList();

        // A step that teaches nothing has loss 0 by whatever it is divided.
        Counts = new StepCounts(
            Math.Max(1, live.Sum(static sample => (long)sample.Mask.AsSpan().Count(true))), Math.Max(1, live.Count));
        Summary = ValueFigures.AddTo(RolloutSummary.Of(groups), groups, advantages) with
        {
            KlCoefficient = options.KlTarget > 0 ? options.KlCoefficient : null,
        };
        Hash = HashOf();
    }

    public IReadOnlyList<RolloutGroup> Groups { get; }

    /// <summary>Whether the weights that are to be trained have sampled it.</summary>
    public bool IsOnPolicy { get; }

    public StepCounts Counts { get; }

    public RolloutSummary Summary { get; }

    /// <summary>XXH3 of all that training reads.</summary>
    public ulong Hash { get; }

    /// <summary>Whether it has the rollouts of all prompts at these positions.</summary>
    public bool Holds(IEnumerable<long> positions) => positions.All(indices.ContainsKey);

    /// <summary>Of a sample of a group.</summary>
    public TokenAdvantages AdvantagesOf(int group, int sample) => advantages[group][sample];

    /// <summary>The rollouts of some prompts, as micro-batches.</summary>
    /// <param name="positions">Of the prompts.</param>
    /// <param name="microBatch">Rollouts per batch, at most.</param>
    public IEnumerable<RolloutBatch> Batches(IEnumerable<long> positions, int microBatch) => positions
        .Select(position => indices[position])
        .SelectMany(group => Enumerable.Range(0, Groups[group].Samples.Count).Select(sample => (group, sample)))
        .Chunk(microBatch).Select(Batch);

    private RolloutBatch Batch((int Group, int Sample)[] chosen)
    {
        var rollouts = chosen.Select(one => (Groups[one.Group].Prompt, Scored: Groups[one.Group].Samples[one.Sample],
            Advantages: advantages[one.Group][one.Sample])).ToList();
        var tokens = CompletionRows.Of(rollouts.Select(static one => (one.Prompt, one.Scored.Rollout.Ids)));
        var rows = tokens.Inputs.Length;
        var (behaviour, values, mask) = (new double[rows], new double[rows], new bool[rows]);
        var reference = rollouts[0].Scored.Reference.Count > 0 ? new double[rows] : [];
        var hasCritic = rollouts[0].Scored.Values.Count > 0;
        var (old, returns) = (new double[hasCritic ? rows : 0], new double[hasCritic ? rows : 0]);
        foreach (var (sequence, (_, scored, advantage)) in rollouts.Index())
        {
            var length = scored.Rollout.Ids.Count;
            var first = tokens.RowsOf(sequence).End - length;
            for (var t = 0; t < length; t++)
            {
                behaviour[first + t] = scored.Rollout.LogProbabilities[t];
                if (reference.Length > 0)
                    reference[first + t] = scored.Reference[t];
                if (hasCritic)
                    old[first + t] = scored.Values[t];
                if (advantage.Returns.Length > 0)
                    returns[first + t] = advantage.Returns[t];
                if (advantage.Mask.Length > 0)
                    (values[first + t], mask[first + t]) = (advantage.Values[t], advantage.Mask[t]);
            }
        }

        return new RolloutBatch(tokens.Inputs, tokens.Targets, tokens.Ends!)
        {
            Behaviour = behaviour,
            Reference = reference,
            Advantages = values,
            Values = old,
            Returns = returns,
            Mask = mask,
            Step = Counts,
            IsOnPolicy = IsOnPolicy,
        };
    }

    private ulong HashOf()
    {
        var hash = new XxHash3();
        foreach (var (index, group) in Groups.Index())
        {
            Append(group.Position);
            Append(group.Prompt.Count);
            Append(group.Samples.Count);
            foreach (var id in group.Prompt)
                Append(id);
            foreach (var (scored, advantage) in group.Samples.Zip(advantages[index]))
            {
                Append(scored.Rollout.Ids.Count);
                Append(scored.Reference.Count);
                Append(advantage.Mask.Length);
                foreach (var id in scored.Rollout.Ids)
                    Append(id);
                foreach (var value in scored.Rollout.LogProbabilities.Concat(scored.Reference).Concat(scored.Values))
                    Append(BitConverter.SingleToInt32Bits(value));
                hash.Append(MemoryMarshal.AsBytes<double>(advantage.Values));
                hash.Append(MemoryMarshal.AsBytes<bool>(advantage.Mask));
                hash.Append(MemoryMarshal.AsBytes<double>(advantage.Returns));
            }
        }

        return hash.GetCurrentHashAsUInt64();

        void Append(long value) => hash.Append(BitConverter.GetBytes(value));
    }
}
