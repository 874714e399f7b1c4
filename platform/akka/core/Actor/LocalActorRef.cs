using Akka.Dispatch;
using Akka.Dispatch.SysMsg;

namespace Akka.Actor;

/// <summary>A reference to an actor of this process.</summary>
public class LocalActorRef : ActorRefWithCell
{
    private readonly ActorCell cell;

    internal LocalActorRef(ActorSystemImpl system, Props props, MessageDispatcher dispatcher, MailboxType mailboxType, IInternalActorRef supervisor, ActorPath path)
    {
        Path = path;
        cell = new ActorCell(system, this, props, dispatcher, supervisor, mailboxType);
    }

    /// <inheritdoc />
    public override ActorPath Path { get; }

    /// <inheritdoc />
    public override IInternalActorRef Parent => cell.ParentRef;

    /// <inheritdoc />
    public override IActorRefProvider Provider => cell.SystemImpl.Provider;

    /// <inheritdoc />
    public override bool IsTerminated => cell.IsTerminated;

    /// <inheritdoc />
    public override bool IsLocal => true;

    /// <summary>What is behind the reference.</summary>
    public ActorCell Cell => cell;

    /// <inheritdoc />
    public override ICell Underlying => cell;

    /// <inheritdoc />
    public override void Start() => cell.Start();

    /// <inheritdoc />
    public override void Stop() => cell.Send(new Terminate());

    /// <inheritdoc />
    public override void Suspend() => cell.Send(new Suspend());

    /// <inheritdoc />
    public override void Resume(Exception causedByFailure = null) => cell.Send(new Resume(causedByFailure));

    /// <inheritdoc />
    public override void Restart(Exception cause) => cell.Send(new Recreate(cause));

    /// <inheritdoc />
    public override void SendSystemMessage(ISystemMessage message) => cell.Send((SystemMessage)message);

    /// <inheritdoc />
    public override IActorRef GetChild(IReadOnlyList<string> name) => Walk(this, name, 0);

    /// <summary>The actor at a relative path, from the element of that index on.</summary>
    internal static IActorRef Walk(IInternalActorRef from, IReadOnlyList<string> name, int index)
    {
        for (; index < name.Count; index++)
        {
            switch (name[index])
            {
                case "":
                    continue;
                case "..":
                    from = from.Parent;
                    break;
                default:
                    if (from is not LocalActorRef local)
                        return from.GetChild([.. name.Skip(index)]);
                    from = local.GetSingleChild(name[index]);
                    break;
            }
            if (from is Nobody)
                return from;
        }
        return from;
    }

    internal virtual IInternalActorRef GetSingleChild(string name) => cell.GetSingleChild(name);

    /// <inheritdoc />
    protected override void TellInternal(object message, IActorRef sender) => cell.Send(message, sender);
}

/// <summary>The root of the tree, where references without a parent are found too.</summary>
internal sealed class RootGuardianActorRef(ActorSystemImpl system, Props props, MessageDispatcher dispatcher, MailboxType mailboxType, IInternalActorRef supervisor,
    ActorPath path, IInternalActorRef deadLetters, IInternalActorRef temp) : LocalActorRef(system, props, dispatcher, mailboxType, supervisor, path)
{
    public override IInternalActorRef Parent => this;

    internal override IInternalActorRef GetSingleChild(string name) => name switch
    {
        "temp" => temp,
        "deadLetters" => deadLetters,
        _ => base.GetSingleChild(name),
    };
}
