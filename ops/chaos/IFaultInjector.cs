using ActorTrain.Actors.Protocol;
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
/// <see cref="FaultyWorkerDevice"/>, <see cref="FaultyTransport"/>, <see cref="FaultyJournal"/>.</summary>
public interface IFaultInjector
{
    /// <summary>Called on the actor's own thread.</summary>
    Fault Choose(string actor, object message) => Fault.None;

    /// <summary>Returns when a hung actor is to continue.</summary>
    void Hang(string actor)
    {
    }

    /// <summary>Whether the device of a trainer or of a worker fails before a call (<see cref="Fault.Throw"/>) or after it
    /// (<see cref="Fault.ThrowAfter"/>); called on the actor's own thread.</summary>
    Fault ChooseCall(string actor, string method) => Fault.None;

    /// <summary>The journal's response to the next request; called on any thread.</summary>
    JournalFault ChooseWrite() => JournalFault.None;

    /// <summary>May flip a bit of stored memory; called on the actor's own thread.</summary>
    /// <param name="atStep">Updates that the weights of its last command had seen.</param>
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

    /// <summary>May make a trainer or a worker slower; called on its own thread.</summary>
    void Slow(string actor, long atStep, TimeSpan spent)
    {
    }

    /// <summary>May change what a worker is about to report; called on its own thread.</summary>
    /// <param name="atStep">Updates that the weights of its last order had seen.</param>
    WorkerReport Answer(string worker, long atStep, WorkerReport report) => report;
}

public static class FaultyCalls
{
    /// <summary>Makes a call of a device, which may fail before or after it.</summary>
    /// <exception cref="InjectedFaultException">It was made to fail.</exception>
    public static T Break<T>(this IFaultInjector faults, string actor, string call, Func<T> act)
    {
        ArgumentNullException.ThrowIfNull(faults);
        ArgumentNullException.ThrowIfNull(act);
        var fault = faults.ChooseCall(actor, call);
        if (fault == Fault.Throw)
            throw new InjectedFaultException($"The device was made to fail before {call}.");
        var result = act();
        return fault == Fault.ThrowAfter ? throw new InjectedFaultException($"The device was made to fail after {call}.") : result;
    }
}

public sealed class InjectedFaultException(string message) : Exception(message);
