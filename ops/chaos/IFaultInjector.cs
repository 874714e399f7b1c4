using static TorchSharp.torch;

namespace ActorTrain.Chaos;

/// <summary>What happens to a message on its way into an actor.</summary>
public enum Fault
{
    /// <summary>Nothing: it is handled.</summary>
    None,

    /// <summary>The actor fails instead of handling it.</summary>
    Throw,

    /// <summary>The actor fails after it has handled it.</summary>
    ThrowAfter,

    Drop,

    Duplicate,

    /// <summary>It goes to the end of the mailbox, behind what came after it.</summary>
    Defer,

    /// <summary>The actor's thread hangs before it handles it, for as long as <see cref="IFaultInjector.Hang"/> does.</summary>
    Hang,
}

/// <summary>Decides which faults happen, when, and to whom. What can be broken asks it: <see cref="FaultyMailbox"/>,
/// <see cref="FaultyDevice"/>, <see cref="FaultyTransport"/>, <see cref="FaultyJournal"/>.</summary>
public interface IFaultInjector
{
    /// <summary>Chooses what happens to a message; called on the actor's own thread.</summary>
    Fault Choose(string actor, object message) => Fault.None;

    /// <summary>Returns when a hung actor shall come back.</summary>
    void Hang(string actor)
    {
    }

    /// <summary>Chooses whether a trainer's device fails in a call, before (<see cref="Fault.Throw"/>) or after it is done
    /// (<see cref="Fault.ThrowAfter"/>); called on the trainer's own thread.</summary>
    Fault ChooseCall(string method) => Fault.None;

    /// <summary>Chooses what the journal's database does with the next request; called on any thread.</summary>
    JournalFault ChooseWrite() => JournalFault.None;

    /// <summary>May flip a bit of memory that rests; called on the trainer's own thread.</summary>
    /// <param name="actor">Name of the trainer that holds it.</param>
    /// <param name="atStep">Updates that the trainer's weights had seen when it was last told what to do.</param>
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

/// <summary>A fault that was injected.</summary>
public sealed class InjectedFaultException(string message) : Exception(message);
