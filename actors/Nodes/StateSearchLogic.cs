using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Recovery;

namespace ActorTrain.Actors.Nodes;

/// <summary>What a new leader does before its run resumes: waits a while for the nodes of the one before, chooses among the states that
/// they have retained, and has one copied; has no clock, thread or actor.</summary>
/// <remarks>A node that is lost, fails or does not answer is passed over for the next; without any, the run resumes from its newest
/// checkpoint.</remarks>
public sealed class StateSearchLogic
{
    /// <summary>Of the copy, in a process whose snapshots are all empty.</summary>
    private const int Slot = 0;

    private readonly StateSearchOptions options;
    private readonly RetainedStates states;
    private readonly RecoveryState otherwise;
    private readonly Dictionary<NodeKey, NodeHello> nodes = [];
    private readonly HashSet<NodeKey> failed = [];
    private readonly List<StateSearchEffect> effects = [];
    private DateTimeOffset deadline;
    private DateTimeOffset repeatAt;
    private (NodeKey Node, RetainedState State)? chosen;
    private bool hasWaited;
    private bool isOver;

    /// <param name="otherwise">What the run resumes from without a retained state.</param>
    public StateSearchLogic(StateSearchOptions options, RetainedStates states, RecoveryState otherwise)
    {
        ArgumentNullException.ThrowIfNull(options);
        (this.options, this.states, this.otherwise) = (options, states, otherwise);
    }

    /// <returns>The effects, in order.</returns>
    public IReadOnlyList<StateSearchEffect> Begin(DateTimeOffset at)
    {
        effects.Clear();
        deadline = at + options.Patience;
        if (states.Members == 0)
            End(otherwise);
        return [.. effects];
    }

    public IReadOnlyList<StateSearchEffect> Came(NodeHello hello, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(hello);
        nodes[hello.Node] = hello;
        return Advance(at);
    }

    public IReadOnlyList<StateSearchEffect> Went(NodeKey node, DateTimeOffset at)
    {
        nodes.Remove(node);
        if (chosen?.Node == node)
            chosen = null;
        return Advance(at);
    }

    public IReadOnlyList<StateSearchEffect> Copied(RetainedCopied answer, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (isOver || chosen is not var (node, state) || node != answer.Node || state.Step != answer.Step)
            return [];
        effects.Clear();
        if (answer.Problem is not { } problem)
        {
            End(states.With(state, Slot));
            return [.. effects];
        }

        GiveUp(node, problem);
        List<StateSearchEffect> told = [.. effects];
        return [.. told, .. Advance(at)];
    }

    /// <summary>Due every <see cref="NodeProtocol.Heartbeat"/>.</summary>
    public IReadOnlyList<StateSearchEffect> Tick(DateTimeOffset at) => Advance(at);

    private List<StateSearchEffect> Advance(DateTimeOffset at)
    {
        effects.Clear();
        if (isOver)
            return [];
        if (chosen is var (node, _) && at >= deadline)
            GiveUp(node, $"No answer for {options.CopyPatience.TotalSeconds:0.###} s.");
        hasWaited |= at >= deadline || nodes.Values.Sum(static hello => hello.Hosted) >= states.Members;
        if (hasWaited)
            Choose(at);
        return [.. effects];
    }

    private void Choose(DateTimeOffset at)
    {
        if (chosen is null)
        {
            var best = states.Choose(nodes.Values.Where(hello => !failed.Contains(hello.Node) && IsOfRun(hello))
                .Select(static hello => (hello.Node, hello.Retained!)));
            if (best.Count == 0)
            {
                End(otherwise);
                return;
            }

            (chosen, deadline, repeatAt) = (best[0], at + options.CopyPatience, at);
        }

        if (at < repeatAt)
            return;
        repeatAt = at + options.RetryInterval;
        effects.Add(new FetchFrom(chosen.Value.Node, Slot, chosen.Value.State.Step));
    }

    private bool IsOfRun(NodeHello hello) =>
        hello.Retained is { } held && held.Run == options.Run && held.ConfigurationHash == options.ConfigurationHash;

    private void GiveUp(NodeKey node, string problem)
    {
        failed.Add(node);
        chosen = null;
        effects.Add(new SearchNotice($"{node} did not hand over the state that it has retained: {problem}", true));
    }

    private void End(RecoveryState found)
    {
        isOver = true;
        if (chosen is var (node, state))
            effects.Add(new SearchNotice($"resuming from the state of step {state.Step} that {node} has retained", false));
        effects.Add(new SearchDone(found));
    }
}

public sealed record StateSearchOptions
{
    /// <summary>Folder of the run, in full.</summary>
    public required string Run { get; init; }

    public required string ConfigurationHash { get; init; }

    /// <summary>How long to wait for nodes of which some are missing.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long to wait for a copy.</summary>
    public TimeSpan CopyPatience { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromSeconds(1);
}

public abstract record StateSearchEffect;

/// <summary>Has a node copy its retained state into a slot.</summary>
public sealed record FetchFrom(NodeKey Node, int Slot, long Step) : StateSearchEffect;

/// <summary>Tells the user.</summary>
public sealed record SearchNotice(string Sentence, bool IsWarning) : StateSearchEffect;

/// <summary>The run resumes from this.</summary>
public sealed record SearchDone(RecoveryState Found) : StateSearchEffect;
