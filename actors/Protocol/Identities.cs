using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Protocol;

/// <summary>One attempt at one step. Every gradient belongs to a round, and a round is never begun twice.</summary>
/// <param name="Number">Grows by one with every attempt: the next step, a retry after a veto, or a step redone after lost state.</param>
/// <param name="Step">From 0: updates that the initial weights of the round have seen.</param>
public readonly record struct Round(long Number, long Step)
{
    public override string ToString() => $"round {Number} (step {Step})";
}

/// <summary>The context of a request to a trainer, repeated in answers about gradients; an answer with another ticket than the current one
/// is stale.</summary>
/// <param name="Generation">Grows by one with every change of membership.</param>
public readonly record struct Ticket(long Generation, Round Round);

/// <summary>One life of a trainer: after a restart it has another key.</summary>
/// <param name="Number">From 0.</param>
/// <param name="Incarnation">From 1.</param>
public readonly record struct TrainerKey(int Number, int Incarnation)
{
    public ActorId Id => ActorId.Trainer(Number, Incarnation);

    public override string ToString() => Id.ToString();
}
