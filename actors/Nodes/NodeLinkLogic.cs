using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Nodes;

/// <summary>A node's side of its lease: dials until it is admitted or parked, renews the lease, and dials again when it is over; has no
/// clock, thread or actor.</summary>
/// <remarks>It never gives up: only a refusal before the first lease, or a request to leave, ends it.</remarks>
public sealed class NodeLinkLogic
{
    private readonly NodeLinkOptions options;
    private readonly Random jitter;
    private List<LinkEffect> effects = [];
    private DateTimeOffset now;
    private LinkState state = LinkState.Dialing;
    private NodeInspection? inspection;
    private long attempt = 1;
    private TimeSpan pause;
    private DateTimeOffset dueAt;
    private DateTimeOffset takenAt;
    private DateTimeOffset heardAt;
    private TimeSpan timeout;
    private bool wasLeased;
    private bool hasConnected;
    private int hosted;
    private DateTimeOffset droppedAt;

    // The highest that it has seen: commands of a lower one are refused.
    private long term;
    private string? said;

    public NodeLinkLogic(NodeLinkOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options;
        jitter = new Random(options.Seed);
        pause = options.ShortestPause;
    }

    /// <summary>The present lease; 0 for none.</summary>
    public long Lease { get; private set; }

    public NodeStanding Standing => new(state == LinkState.Admitted, state switch
    {
        LinkState.Admitted => "admitted",
        LinkState.Parked => "parked: nobody needs a place",
        LinkState.Leaving => "leaving",
        _ => "dialing",
    });

    /// <summary>Grows with the work of those who live there.</summary>
    public long Progress { get; set; }

    /// <summary>Lives that it hosts.</summary>
    public IReadOnlyList<long> Lives { get; set; } = [];

    /// <summary>Whether trainers of a lease that is over still have to retain their states: until they have, it does not dial, at most for
    /// <see cref="NodeLinkOptions.Retention"/>.</summary>
    public bool IsRetaining { get; set; }

    /// <summary>The newest state of its trainers; null if there is none.</summary>
    public RetainedState? Retained { get; set; }

    /// <summary>Due after each <see cref="NodeProtocol.Heartbeat"/> or earlier.</summary>
    /// <returns>The effects, in order.</returns>
    public IReadOnlyList<LinkEffect> Tick(DateTimeOffset at)
    {
        Begin(at);
        switch (state)
        {
            case LinkState.Dialing when now >= dueAt && (!IsRetaining || now - droppedAt >= options.Retention):
                Dial();
                break;
            case LinkState.Parked or LinkState.Admitted when now - heardAt >= timeout:
                Drop($"The run has been silent for {timeout.TotalSeconds:0.###} s.");
                break;
            case LinkState.Parked or LinkState.Admitted:
                Do(new Answer(new NodeHeartbeat(options.Node, Lease, state == LinkState.Admitted, Progress, Lives)));
                break;
            case LinkState.Leaving when now >= dueAt:
                End(null);
                break;
        }

        return effects;
    }

    /// <summary>Handles a message of the process that leads.</summary>
    public IReadOnlyList<LinkEffect> Handle(NodeCommand command, DateTimeOffset at)
    {
        Begin(at);
        if (command.Term < term)
        {
            SayOnce($"ignored commands of term {command.Term}, since there is a term {term}", isWarning: true);
            return effects;
        }

        term = command.Term;
        switch (command)
        {
            case LeaseCommand of when state == LinkState.Admitted && of.Lease == Lease:
                Do(new Obey(of));
                break;
            case LeaseRenewed renewed when renewed.Lease == Lease:
                heardAt = now;
                break;
            case LeaseEnded ended when ended.Lease == Lease && state == LinkState.Leaving:
                End(null);
                break;
            case LeaseEnded ended when ended.Lease == Lease && state is LinkState.Parked or LinkState.Admitted:
                Drop(ended.Reason);
                break;
            case InspectRun inspect when state == LinkState.Dialing:
                state = LinkState.Inspecting;
                Do(new Inspect(inspect));
                break;
            case NodeParked parked when state == LinkState.Dialing && parked.Attempt == attempt:
                Take(LinkState.Parked, parked.Lease, parked.Timeout);
                SayOnce("parked: nobody needs a place", isWarning: false);
                break;
            case NodeAdmitted admitted when admitted.Attempt == attempt
                && (state == LinkState.Dialing || (state == LinkState.Parked && admitted.Lease == Lease)):
                Take(LinkState.Admitted, admitted.Lease, admitted.Timeout);
                hasConnected = false;
                Do(new Connect(admitted));
                break;
            case NodeRefused refused when state == LinkState.Dialing:
                Refuse(refused.Reason);
                break;
        }

        return effects;
    }

    /// <param name="found">Null if the run or its data cannot be opened.</param>
    /// <param name="problem">Why, in a sentence.</param>
    public IReadOnlyList<LinkEffect> Inspected(NodeInspection? found, string? problem, DateTimeOffset at)
    {
        Begin(at);
        if (state != LinkState.Inspecting)
            return effects;
        (state, inspection) = (LinkState.Dialing, found);
        if (found is not null)
            Dial();
        else
            Refuse(problem ?? "The run cannot be opened.");
        return effects;
    }

    /// <summary>The data plane of a lease is connected.</summary>
    public IReadOnlyList<LinkEffect> Connected(long lease, DateTimeOffset at)
    {
        Begin(at);
        if (state == LinkState.Admitted && lease == Lease && !hasConnected)
        {
            (hasConnected, pause) = (true, options.ShortestPause);
            SayOnce($"joined as {options.Node}", isWarning: false);
        }

        return effects;
    }

    /// <summary>The data plane of a lease cannot be connected, or its connection has ended.</summary>
    public IReadOnlyList<LinkEffect> Disconnected(long lease, string reason, DateTimeOffset at)
    {
        Begin(at);
        if (state != LinkState.Admitted || lease != Lease)
            return effects;
        Do(new Answer(new NodeFailed(options.Node, Lease, reason)));
        Drop(reason);
        return effects;
    }

    /// <summary>Leaves in order, and then ends.</summary>
    public IReadOnlyList<LinkEffect> Leave(DateTimeOffset at)
    {
        Begin(at);
        if (state is LinkState.Leaving or LinkState.Over)
            return effects;
        if (Lease == 0)
        {
            End(null);
            return effects;
        }

        (state, dueAt) = (LinkState.Leaving, now + options.Farewell);
        Do(new Answer(new NodeLeaves(options.Node, Lease)));
        Do(new DropLease(Lease));
        return effects;
    }

    private void Dial()
    {
        // Who leads may be at another address than before, and only who leads answers.
        var hello = new NodeHello(options.Node, attempt, NodeProtocol.Version, options.Build, options.Host, options.ProcessId, options.Room,
            inspection)
        {
            Hosted = hosted,
            Roles = options.Roles,
            Retained = Retained,
        };
        for (var address = 0; address < options.Addresses; address++)
            Do(new SayHello(address, hello));
        Pause();
    }

    private void Pause()
    {
        dueAt = now + pause * (0.75 + jitter.NextDouble() / 2);
        pause = TimeSpan.FromTicks(Math.Min(2 * pause.Ticks, (hasConnected ? options.LongestRedial : options.LongestPause).Ticks));
    }

    private void Redial()
    {
        pause = options.ShortestPause;
        Dial();
    }

    private void Take(LinkState taken, long lease, TimeSpan silence) =>
        (state, Lease, timeout, takenAt, heardAt, wasLeased) = (taken, lease, silence, now, now, true);

    private void Drop(string reason)
    {
        SayOnce($"no longer in the run: {reason}", isWarning: true);
        Do(new DropLease(Lease) { Retains = true });
        var isAtOnce = (state == LinkState.Parked || hasConnected) && now - takenAt >= options.ShortestPause;
        (state, Lease, Progress, droppedAt) = (LinkState.Dialing, 0, 0, now);
        attempt++;
        if (Lives.Count > 0)
        {
            // Who is dialled next is told of the states that its trainers leave.
            (hosted, IsRetaining, pause, dueAt) = (Lives.Count, true, options.ShortestPause, now);
            return;
        }

        // If the data plane cannot be reached, or every lease ends as soon as it has begun, it may take a while.
        if (isAtOnce)
            Redial();
        else
            Pause();
    }

    private void Refuse(string reason)
    {
        if (!wasLeased)
        {
            End(reason);
            return;
        }

        (pause, dueAt) = (options.LongestPause, now + options.LongestPause);
        SayOnce(reason, isWarning: true);
    }

    private void End(string? refusal)
    {
        state = LinkState.Over;
        Do(new EndNode(refusal));
    }

    private void SayOnce(string sentence, bool isWarning)
    {
        if (sentence == said)
            return;
        said = sentence;
        Do(new SayToUser(sentence, isWarning));
    }

    private void Begin(DateTimeOffset at)
    {
        now = at;
        effects = [];
    }

    private void Do(LinkEffect effect) => effects.Add(effect);

    private enum LinkState
    {
        Dialing,

        /// <summary>Reads the run.</summary>
        Inspecting,
        Parked,
        Admitted,
        Leaving,
        Over,
    }
}
