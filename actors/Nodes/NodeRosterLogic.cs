using ActorTrain.Actors.Protocol;
using ActorTrain.Actors.Training;
using ActorTrain.Persistence.Certificates;
using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Nodes;

/// <summary>Decides which nodes a run has, which trainer or worker of rollouts lives where, and when a node is lost; has no clock, thread
/// or actor.</summary>
/// <remarks>A node is leased: it renews the lease by heartbeats, and all that it does under a lease that is over is stale. A trainer's life
/// goes to the admitted node with the fewest, a worker's to the node with the fewest workers, and some workers move to a node that joins;
/// nodes for which there is no life are parked until there is. What waits for a place waits without limit.</remarks>
public sealed class NodeRosterLogic
{
    // After a longer pause of this process, silence of the nodes proves nothing.
    private static readonly TimeSpan LongestNap = 4 * NodeProtocol.Heartbeat;

    private static readonly TimeSpan WaitPatience = TimeSpan.FromSeconds(5);

    private readonly NodeRosterOptions options;
    private readonly NodeAdmission admission;
    private readonly SortedDictionary<string, NodeEntry> nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<long, NodePlaceEntry> places = [];
    private readonly List<PlacePost> waiting = [];
    private List<NodeEffect> effects = [];
    private DateTimeOffset now;
    private DateTimeOffset? tickedAt;
    private DateTimeOffset? workersWaitSince;
    private bool isWaitTold;
    private long lastLease;
    private long lastPlace;

    public NodeRosterLogic(NodeRosterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        this.options = options;
        admission = new NodeAdmission(options);
        (lastLease, lastPlace) = (options.LeasesFrom, options.LeasesFrom);
    }

    /// <summary>Handles a message of a node.</summary>
    /// <returns>The effects, in order.</returns>
    public IReadOnlyList<NodeEffect> Handle(NodeReport report, DateTimeOffset at)
    {
        Begin(at);
        switch (report)
        {
            case NodeHello hello:
                Hear(hello);
                break;
            case NodeHeartbeat heartbeat when Leased(heartbeat.Node, heartbeat.Lease) is { } node:
                (node.HeardAt, node.Progress) = (now, heartbeat.Progress);
                Do(new TellNode(node.Key, new LeaseRenewed(options.Term, node.Lease)));
                if (node.State == NodeState.Admitted && !heartbeat.IsAdmitted)
                    Answer(node);
                foreach (var life in heartbeat.Lives.Except(node.Places.Select(static place => place.Number)))
                    Do(new TellNode(node.Key, new StopLife(options.Term, node.Lease, life)));
                break;
            case NodeHeartbeat stale:
                Do(new TellNode(stale.Node, new LeaseEnded(options.Term, stale.Lease, "The lease is over.")));
                break;
            case NodeLeaves leaves when Leased(leaves.Node, leaves.Lease) is { } node:
                End(node, NodeEnd.Left, $"{node.Key} left.");
                break;
            case NodeLeaves stale:
                Do(new TellNode(stale.Node, new LeaseEnded(options.Term, stale.Lease, "The lease is over.")));
                break;
            case RetainedCopied copied when Leased(copied.Node, copied.Lease) is not null:
                Do(new NodeCopied(copied));
                break;
            case NodeFailed failed when Leased(failed.Node, failed.Lease) is { } node:
                End(node, NodeEnd.Lost, failed.Reason);
                break;
        }

        return Finish();
    }

    /// <summary>A node says hello under the name of another.</summary>
    /// <param name="sender">Its own.</param>
    /// <returns>The answer to the sender; and the effects.</returns>
    public (NodeRefused Answer, IReadOnlyList<NodeEffect> Effects) RefuseImpostor(NodeHello hello, string sender, DateTimeOffset at)
    {
        Begin(at);
        var reason = $"{sender} calls itself {hello.Node.Name}; start it with '--name {sender}'.";
        if (admission.Note(hello, reason) is { } notice)
            Do(notice);
        return (new NodeRefused(options.Term, reason), Finish());
    }

    /// <summary>The connection of a lease's data plane has ended.</summary>
    public IReadOnlyList<NodeEffect> Disconnect(string name, long lease, string reason, DateTimeOffset at)
    {
        Begin(at);
        if (nodes.TryGetValue(name, out var node) && node.IsLiving && node.Lease == lease)
            End(node, NodeEnd.Lost, reason);
        return Finish();
    }

    /// <summary>A node's process, which this process had started, has ended.</summary>
    public IReadOnlyList<NodeEffect> EndProcess(string name, int processId, string reason, DateTimeOffset at)
    {
        Begin(at);
        if (nodes.TryGetValue(name, out var node) && node.IsLiving && node.Hello.ProcessId == processId)
            End(node, NodeEnd.Lost, reason);
        return Finish();
    }

    /// <summary>The last hello of each node that has a lease.</summary>
    public IReadOnlyList<NodeHello> Hellos => [.. Living.Select(static node => node.Hello)];

    /// <summary>Has a node copy the state that it has retained into a slot of the snapshots. May be repeated.</summary>
    public IReadOnlyList<NodeEffect> Fetch(NodeKey key, int slot, long step, DateTimeOffset at)
    {
        Begin(at);
        if (nodes.TryGetValue(key.Name, out var node) && node.IsLiving && node.Key == key)
        {
            // Only who is admitted has a connection of the data plane.
            if (node.State == NodeState.Parked)
                Admit(node);
            Do(new TellNode(key, new CopyRetained(options.Term, node.Lease, slot, step)));
        }

        return Finish();
    }

    /// <summary>Finds a place for an actor, now or as soon as there is one. May be repeated.</summary>
    public IReadOnlyList<NodeEffect> Seek(PlacePost post, DateTimeOffset at)
    {
        Begin(at);
        if (places.Values.FirstOrDefault(place => place.Post == post) is { Life: null } given)
            Do(new GivePlace(post, given.Number, given.Node.Key, given.Node.Lease));
        else if (!waiting.Contains(post))
            waiting.Add(post);
        return Finish();
    }

    public IReadOnlyList<NodeEffect> Forget(PlacePost post, DateTimeOffset at)
    {
        Begin(at);
        waiting.Remove(post);
        return Finish();
    }

    /// <summary>A life begins at its place.</summary>
    /// <returns>An <see cref="EndPlace"/> if the place is gone.</returns>
    public IReadOnlyList<NodeEffect> Occupy(long place, ActorId life, DateTimeOffset at)
    {
        Begin(at);
        if (places.TryGetValue(place, out var taken))
            taken.Life = life;
        else
            Do(new EndPlace(place, NodeEnd.Lost, "Its node was lost before it began."));
        return Finish();
    }

    /// <summary>A place is free again. May be repeated.</summary>
    public IReadOnlyList<NodeEffect> Leave(long place, DateTimeOffset at)
    {
        Begin(at);
        if (places.Remove(place, out var left))
            left.Node.Places.Remove(left);
        return Finish();
    }

    /// <summary>A supervisor is gone, and with it all that it had or waited for.</summary>
    public IReadOnlyList<NodeEffect> EndSupervisor(int supervisor, DateTimeOffset at)
    {
        Begin(at);
        waiting.RemoveAll(post => post.Supervisor == supervisor);
        foreach (var place in places.Values.Where(place => place.Post.Supervisor == supervisor).ToList())
        {
            places.Remove(place.Number);
            place.Node.Places.Remove(place);
        }

        return Finish();
    }

    /// <summary>Ends the leases of silent nodes. Due after each <see cref="NodeProtocol.Heartbeat"/>.</summary>
    public IReadOnlyList<NodeEffect> Tick(DateTimeOffset at)
    {
        Begin(at);
        if (tickedAt is { } last && now - last is var nap && nap > LongestNap)
        {
            foreach (var node in Living)
                node.HeardAt += nap;
        }

        tickedAt = now;
        foreach (var node in Living.Where(node => now - node.HeardAt >= options.Timeout).ToList())
            End(node, NodeEnd.Lost, $"No heartbeat of {node.Key} for {options.Timeout.TotalSeconds:0.###} s.");
        NoteWait();
        return Finish();
    }

    // Told once, however long it lasts: the step waits for them.
    private void NoteWait()
    {
        var count = waiting.Count(static post => !post.Trains);
        workersWaitSince = count == 0 ? null : workersWaitSince ?? now;
        isWaitTold &= count > 0;
        if (isWaitTold || now - workersWaitSince is not { } wait || wait < WaitPatience)
            return;
        isWaitTold = true;
        Do(new NodeNotice($"no node hosts rollouts, and {count} {(count == 1 ? "worker waits" : "workers wait")} for one; start one with "
            + "'actortrain node --role rollout'", true));
    }

    /// <summary>Whether a node has a lease.</summary>
    public bool Knows(NodeKey key) => nodes.TryGetValue(key.Name ?? "", out var node) && node.IsLiving && node.Key == key;

    public NodesStatus Status(DateTimeOffset at) =>
        new([.. nodes.Values.Select(node => node.Status(at))], waiting.Count(static post => post.Trains), admission.Refused,
            admission.LastRefusal) { WaitingWorkers = waiting.Count(static post => !post.Trains) };

    private IEnumerable<NodeEntry> Living => nodes.Values.Where(static node => node.IsLiving);

    // How many trainers each of the nodes takes that state no number.
    private int Share
    {
        get
        {
            var sharing = Math.Max(options.OwnNodes, Living.Count(static node =>
                node is { State: NodeState.Admitted, Hello: { Room: 0, Roles: var roles } } && roles.HasFlag(NodeRoles.Worker)));
            var trainers = places.Values.Count(static place => place.Post.Trains) + waiting.Count(static post => post.Trains);
            return sharing == 0 ? 1 : Math.Max(1, (trainers + sharing - 1) / sharing);
        }
    }

    private void Hear(NodeHello hello)
    {
        if (nodes.TryGetValue(hello.Node.Name ?? "", out var known) && known.IsLiving && known.Key == hello.Node)
        {
            // It came late.
            if (hello.Attempt < known.Hello.Attempt)
                return;

            // It waits for the answer that it was sent, or has dropped all it had.
            if (known.Hello.Attempt == hello.Attempt)
            {
                Answer(known);
                return;
            }

            End(known, NodeEnd.Lost, $"{known.Key} lost its connection.");
        }

        if (admission.Refusal(hello, known is { IsLiving: true } other ? other.Hello : null, Living.Count() >= NodeProtocol.MostNodes)
            is { } reason)
        {
            Do(new TellNode(hello.Node, new NodeRefused(options.Term, reason)));
            if (admission.Note(hello, reason) is { } notice)
                Do(notice);
            return;
        }

        if (!admission.IsInspected(hello))
        {
            Do(new TellNode(hello.Node, new InspectRun(options.Term, options.LeasesFrom, options.Run, options.Data)));
            return;
        }

        Welcome(hello, known);
    }

    private void Welcome(NodeHello hello, NodeEntry? known)
    {
        var node = known ?? new NodeEntry(hello);
        nodes[hello.Node.Name] = node;
        (node.Hello, node.State, node.Lease, node.HeardAt, node.Progress) = (hello, NodeState.Parked, ++lastLease, now, 0);
        Do(new NodeCame(hello));
        Assign();
        Balance(node);
        if (node.State != NodeState.Parked)
            return;
        Answer(node);
        Do(new NodeNotice($"{node.Key} is parked: nobody needs a place (process {hello.ProcessId} on {hello.Host})", false));
    }

    // Workers keep nothing that cannot be had elsewhere. Those who move seek a place at once, and find the node that has joined.
    private void Balance(NodeEntry joined)
    {
        if (!joined.Hello.Roles.HasFlag(NodeRoles.Rollout))
            return;
        var coming = joined.Workers;
        while (Living.Where(static node => node.Hello.Roles.HasFlag(NodeRoles.Rollout)).MaxBy(static node => node.Workers) is { } most
            && most != joined && most.Workers - coming >= 2)
        {
            // Samplers have the most to do.
            var place = most.Places.FindLast(static place => place.Post.Role == ActorRole.Rollout)
                ?? most.Places.FindLast(static place => !place.Post.Trains)!;
            most.Places.Remove(place);
            places.Remove(place.Number);
            Do(new EndPlace(place.Number, NodeEnd.Moved, $"It moves to {joined.Key}."));
            coming++;
        }
    }

    private void Admit(NodeEntry node)
    {
        node.State = NodeState.Admitted;
        Answer(node);
        var (hello, device) = (node.Hello, node.Hello.Inspection!.Device);
        Do(new NodeNotice($"{node.Key} joined: process {hello.ProcessId} on {hello.Host}, {device}", false));
    }

    private void Answer(NodeEntry node) => Do(new TellNode(node.Key, node.State == NodeState.Admitted
        ? new NodeAdmitted(options.Term, node.Hello.Attempt, node.Lease, options.DataPlane, options.Timeout)
        : new NodeParked(options.Term, node.Hello.Attempt, node.Lease, options.Timeout)));

    private NodeEntry? Leased(NodeKey key, long lease) =>
        nodes.TryGetValue(key.Name ?? "", out var node) && node.IsLiving && node.Key == key && node.Lease == lease ? node : null;

    private void End(NodeEntry node, NodeEnd end, string reason)
    {
        var (lease, wasAdmitted) = (node.Lease, node.State == NodeState.Admitted);
        (node.State, node.Lease) = (end == NodeEnd.Left ? NodeState.Left : NodeState.Lost, 0);
        if (end == NodeEnd.Lost)
            (node.Losses, node.LastFault) = (node.Losses + 1, reason);
        Do(new TellNode(node.Key, new LeaseEnded(options.Term, lease, reason)));
        if (wasAdmitted)
            Do(new EndConnection(node.Key, lease, reason));
        foreach (var place in node.Places)
        {
            places.Remove(place.Number);
            Do(new EndPlace(place.Number, end, reason));
        }

        node.Places.Clear();
        Do(new NodeWent(node.Key));
        Do(new NodeNotice(end == NodeEnd.Left ? $"{node.Key} left" : $"lost {node.Key}: {reason}", end == NodeEnd.Lost));
    }

    private void Assign()
    {
        foreach (var post in waiting.ToList())
        {
            if ((post.Trains ? NodeForTrainer(post) : NodeForWorker(post)) is not { } found)
                continue;
            if (found.State == NodeState.Parked)
                Admit(found);
            var place = new NodePlaceEntry(++lastPlace, post, found);
            waiting.Remove(post);
            found.Places.Add(place);
            places.Add(place.Number, place);
            Do(new GivePlace(place.Post, place.Number, found.Key, found.Lease));
        }
    }

    private NodeEntry? NodeForTrainer(PlacePost post)
    {
        var share = Share;
        var takers = Living.Where(node => node.Takes(post)).ToList();
        return takers.Where(node => node.State == NodeState.Admitted
                && node.Trainers < (node.Hello.Room > 0 ? node.Hello.Room : share)).MinBy(static node => node.Trainers)
            ?? takers.Find(static node => node.State == NodeState.Parked);
    }

    private NodeEntry? NodeForWorker(PlacePost post) =>
        Living.Where(node => node.Takes(post)).MinBy(static node => (node.Workers, node.Trainers));

    private List<NodeEffect> Finish()
    {
        Assign();
        Trim();
        return effects;
    }

    // Those that are gone are only remembered for display.
    private void Trim()
    {
        while (nodes.Count > NodeProtocol.MostNodes && nodes.Values.Where(static node => !node.IsLiving)
            .MinBy(static node => node.HeardAt) is { } oldest)
            nodes.Remove(oldest.Key.Name);
    }

    private void Begin(DateTimeOffset at)
    {
        now = at;
        effects = [];
    }

    private void Do(NodeEffect effect) => effects.Add(effect);
}
