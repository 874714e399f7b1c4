using static TorchSharp.torch;

namespace ActorTrain.Actors.Faults;

/// <summary>What befalls a message on its way into an actor.</summary>
public enum Fault
{
    /// <summary>Nothing: it is handled.</summary>
    None,

    /// <summary>The actor throws instead of handling it.</summary>
    Throw,

    /// <summary>The actor throws after it has handled it.</summary>
    ThrowAfter,

    /// <summary>It is lost.</summary>
    Drop,

    /// <summary>It is handled twice.</summary>
    Duplicate,

    /// <summary>It goes to the end of the mailbox, behind what came after it.</summary>
    Defer,

    /// <summary>The actor's thread hangs in it, for as long as <see cref="IFaultInjector.Hang"/> does.</summary>
    Hang,
}

/// <summary>A vector in memory that can be damaged while nobody works on it.</summary>
public enum FaultPlace
{
    /// <summary>A trainer's weights, between two steps.</summary>
    Weights,

    /// <summary>A trainer's running mean of gradients, between two steps.</summary>
    FirstMoment,

    /// <summary>A trainer's running mean of squared gradients, between two steps.</summary>
    SecondMoment,

    /// <summary>The gradient of the lanes that a trainer has computed, before it is published.</summary>
    Gradient,

    /// <summary>A sum over a block of lanes that a trainer has published: what a message names.</summary>
    Sum,
}

/// <summary>Breaks actors on purpose; a run that is not under test has none.</summary>
public interface IFaultInjector
{
    /// <summary>Chooses what befalls a message; called on the actor's own thread.</summary>
    /// <param name="actor">The actor's name.</param>
    /// <param name="message">The message.</param>
    Fault Choose(string actor, object message);

    /// <summary>Returns when a hung actor shall come back.</summary>
    /// <param name="actor">The actor's name.</param>
    void Hang(string actor);

    /// <summary>May damage a vector; called on the trainer's own thread, before anybody reads it again.</summary>
    /// <param name="place">What it is.</param>
    /// <param name="actor">Name of the trainer that holds it.</param>
    /// <param name="step">Updates so far in the round that it belongs to.</param>
    /// <param name="vector">Flat, float32, on the trainer's device.</param>
    void Touch(FaultPlace place, string actor, long step, Tensor vector)
    {
    }

    /// <summary>May make a trainer slower; called on its own thread.</summary>
    /// <param name="actor">The trainer's name.</param>
    /// <param name="step">The step whose batch was computed.</param>
    /// <param name="spent">What its last lane took.</param>
    void Slow(string actor, long step, TimeSpan spent)
    {
    }
}

/// <summary>A fault that was injected.</summary>
public sealed class InjectedFaultException(string message) : Exception(message);
