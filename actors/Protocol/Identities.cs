using ActorTrain.Persistence.Journal;

namespace ActorTrain.Actors.Protocol;

/// <summary>One attempt at one step. Every gradient belongs to a round, and a round is never begun twice.</summary>
/// <param name="Number">Grows by one with every attempt: with the next step, after a veto, and when steps are taken again after state was
/// lost.</param>
/// <param name="Step">The step, from 0: the weights it begins from have seen so many updates.</param>
public readonly record struct Round(long Number, long Step)
{
    public override string ToString() => $"round {Number} (step {Step})";
}

/// <summary>What a trainer was asked under: it stands on everything said about gradients, and what carries another ticket than the one that
/// is still open is stale.</summary>
/// <param name="Generation">Grows by one with every change of membership.</param>
public readonly record struct Ticket(long Generation, Round Round);

/// <summary>One life of a trainer: a trainer that was restarted is another one to all who knew it before.</summary>
/// <param name="Number">Which trainer, from 0.</param>
/// <param name="Incarnation">Which life of it, from 1.</param>
public readonly record struct TrainerKey(int Number, int Incarnation)
{
    /// <summary>It as an actor of the run.</summary>
    public ActorId Id => ActorId.Trainer(Number, Incarnation);

    public override string ToString() => Id.ToString();
}
