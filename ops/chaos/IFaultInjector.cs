using static TorchSharp.torch;

namespace ActorTrain.Chaos;

public enum Fault
{
    None,

    /// <summary>The actor fails instead of handling it.</summary>
    Throw,

    /// <summary>The actor fails after it has handled it.</summary>
    ThrowAfter,

    Drop,

    Duplicate,

    /// <summary>It is moved to the end of the mailbox.</summary>
    Defer,

    /// <summary>The actor's thread hangs before it handles it, until <see cref="IFaultInjector.Hang"/> returns.</summary>
    Hang,
}

/// <summary>Decides which faults happen, when, and to whom; consulted by <see cref="FaultyMailbox"/>, <see cref="FaultyDevice"/>,
/// <see cref="FaultyTransport"/>, <see cref="FaultyJournal"/>.</summary>
public interface IFaultInjector
{
    /// <summary>Called on the actor's own thread.</summary>
    Fault Choose(string actor, object message) => Fault.None;

    /// <summary>Returns when a hung actor is to continue.</summary>
    void Hang(string actor)
    {
    }

    /// <summary>Whether a trainer's device fails before a call (<see cref="Fault.Throw"/>) or after it (<see cref="Fault.ThrowAfter"/>);
    /// called on the trainer's own thread.</summary>
    Fault ChooseCall(string method) => Fault.None;

    /// <summary>The journal's response to the next request; called on any thread.</summary>
    JournalFault ChooseWrite() => JournalFault.None;

    /// <summary>May flip a bit of stored memory; called on the trainer's own thread.</summary>
    /// <param name="atStep">Updates that the trainer's weights had seen at its last command.</param>
    void Touch(string actor, long atStep, FlipTarget memory)
    {
    }

    /// <summary>May change elements of a gradient that was just published; called on the trainer's own thread, before it is
    /// reported.</summary>
    /// <param name="atStep">Updates so far in its round.</param>
    /// <param name="gradient">Flat, float32, on the CPU.</param>
    void Spoil(string actor, long atStep, Tensor gradient)
    {
    }

    /// <summary>May make a trainer slower; called on its own thread.</summary>
    void Slow(string actor, long atStep, TimeSpan spent)
    {
    }
}

public sealed class InjectedFaultException(string message) : Exception(message);
