using Akka.Actor;

namespace Akka.TestKit;

/// <summary>Answers on behalf of a test actor: runs for each message that it receives, before the test sees the message.</summary>
public abstract class AutoPilot
{
    /// <summary>Stops driving: the messages that follow are only queued.</summary>
    public static NoAutoPilot NoAutoPilot => NoAutoPilot.Instance;

    /// <summary>Keeps the pilot that returned it for the next message.</summary>
    public static KeepRunning KeepRunning => KeepRunning.Instance;

    /// <summary>Handles one message and returns the pilot for the next one.</summary>
    /// <param name="sender">Who sent the message.</param>
    /// <param name="message">The message.</param>
    /// <returns>The pilot for the next message: itself, <see cref="KeepRunning"/>, another one or <see cref="NoAutoPilot"/>.</returns>
    public abstract AutoPilot Run(IActorRef sender, object message);
}

/// <summary>The pilot that does nothing.</summary>
public sealed class NoAutoPilot : AutoPilot
{
    /// <summary>The only instance.</summary>
    public static readonly NoAutoPilot Instance = new();

    private NoAutoPilot()
    {
    }

    /// <inheritdoc/>
    public override AutoPilot Run(IActorRef sender, object message) => this;
}

/// <summary>A return value that means "the same pilot again"; never run itself.</summary>
public sealed class KeepRunning : AutoPilot
{
    /// <summary>The only instance.</summary>
    public static readonly KeepRunning Instance = new();

    private KeepRunning()
    {
    }

    /// <summary>Always throws: this is a return value, not a pilot.</summary>
    public override AutoPilot Run(IActorRef sender, object message) =>
        throw new InvalidOperationException("KeepRunning is a return value of an auto-pilot and cannot be installed as one.");
}

/// <summary>One step of a pilot written as a function.</summary>
public delegate AutoPilot AutoPilotDelegate(IActorRef sender, object message);

/// <summary>A pilot written as a function.</summary>
public sealed class DelegateAutoPilot : AutoPilot
{
    private readonly AutoPilotDelegate autoPilotDelegate;

    /// <summary>Wraps the function that is called for each message.</summary>
    public DelegateAutoPilot(AutoPilotDelegate autoPilotDelegate) => this.autoPilotDelegate = autoPilotDelegate;

    /// <inheritdoc/>
    public override AutoPilot Run(IActorRef sender, object message) => autoPilotDelegate(sender, message);
}
