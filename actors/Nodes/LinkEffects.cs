using ActorTrain.Actors.Protocol;

namespace ActorTrain.Actors.Nodes;

public abstract record LinkEffect;

/// <param name="Address">Index of the address to dial.</param>
public sealed record SayHello(int Address, NodeHello Hello) : LinkEffect;

/// <summary>Sends to the process that leads, at the address of its last message.</summary>
public sealed record Answer(NodeReport Report) : LinkEffect;

/// <summary>Opens the run, for <see cref="NodeLinkLogic.Inspected"/>.</summary>
public sealed record Inspect(InspectRun Run) : LinkEffect;

/// <summary>Connects to the data plane; until then, commands of the lease wait.</summary>
public sealed record Connect(NodeAdmitted Admission) : LinkEffect;

/// <summary>Passes a command of the present lease on.</summary>
public sealed record Obey(LeaseCommand Command) : LinkEffect;

/// <summary>Ends all lives and the connection of the lease.</summary>
public sealed record DropLease(long Lease) : LinkEffect
{
    /// <summary>Whether trainers retain their states for the next process that leads.</summary>
    public bool Retains { get; init; }
}

/// <summary>Tells the user.</summary>
public sealed record SayToUser(string Sentence, bool IsWarning) : LinkEffect;

/// <summary>Ends the process.</summary>
/// <param name="Refusal">Why the node cannot take part; null if it left in order.</param>
public sealed record EndNode(string? Refusal) : LinkEffect;
