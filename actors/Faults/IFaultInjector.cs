using ActorTrain.Models.Storage;
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

    /// <summary>May flip a bit of memory that rests; called on the trainer's own thread.</summary>
    /// <param name="actor">Name of the trainer that holds it.</param>
    /// <param name="atStep">Updates that the trainer's weights had seen when it was last told what to do.</param>
    /// <param name="memory">What rests.</param>
    void Touch(string actor, long atStep, FlipTarget memory)
    {
    }

    /// <summary>May change elements of a gradient that was just published; called on the trainer's own thread, before it is
    /// reported.</summary>
    /// <param name="actor">The trainer's name.</param>
    /// <param name="atStep">Updates so far in its round.</param>
    /// <param name="gradient">Flat, float32, on the CPU.</param>
    void Spoil(string actor, long atStep, Tensor gradient)
    {
    }

    /// <summary>May make a trainer slower; called on its own thread.</summary>
    /// <param name="actor">The trainer's name.</param>
    /// <param name="atStep">The step whose batch was computed.</param>
    /// <param name="spent">What its last lane took.</param>
    void Slow(string actor, long atStep, TimeSpan spent)
    {
    }
}

/// <summary>A fault that was injected.</summary>
public sealed class InjectedFaultException(string message) : Exception(message);
