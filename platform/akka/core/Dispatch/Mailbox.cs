using System.Diagnostics;
using Akka.Actor;
using Akka.Dispatch.MessageQueues;
using Akka.Dispatch.SysMsg;

namespace Akka.Dispatch;

/// <summary>Something that a dispatcher runs.</summary>
public interface IRunnable : IThreadPoolWorkItem
{
    /// <summary>Runs.</summary>
    void Run();
}

/// <summary>The messages of one actor, and the word that says whether a thread is at them.</summary>
/// <remarks>The word holds a bit for closed, a bit for scheduled, and above them how often the actor is suspended. Whoever sets the
/// scheduled bit hands the mailbox to a thread, so never two are at it.</remarks>
public class Mailbox : IRunnable
{
    private const int Open = 0;
    private const int IsClosedBit = 1;
    private const int IsScheduledBit = 2;
    private const int OneSuspension = 4;

    private readonly ActorCell cell;
    private readonly MessageDispatcher dispatcher;
    private SystemMessage systemMessages;
    private int status;

    /// <summary>For an actor.</summary>
    internal Mailbox(IMessageQueue messageQueue, ActorCell cell, MessageDispatcher dispatcher)
    {
        MessageQueue = messageQueue;
        this.cell = cell;
        this.dispatcher = dispatcher;
    }

    /// <summary>The user messages.</summary>
    public IMessageQueue MessageQueue { get; }

    internal bool IsSuspended => Volatile.Read(ref status) >= OneSuspension;

    internal int SuspendCount => Volatile.Read(ref status) / OneSuspension;

    internal bool IsClosed => (Volatile.Read(ref status) & IsClosedBit) != 0;

    internal bool HasSystemMessages => Volatile.Read(ref systemMessages) is not null and not Closed;

    /// <summary>Runs the actor until nothing is left, or its share of messages is used up.</summary>
    public void Run()
    {
        var before = ActorCell.Current;
        ActorCell.Current = cell;
        try
        {
            if (!IsClosed)
            {
                ProcessSystemMessages();
                ProcessMessages();
            }
        }
        finally
        {
            ActorCell.Current = before;
            Interlocked.And(ref status, ~IsScheduledBit);
            if (TrySchedule(false, false))
                dispatcher.ExecuteAgain(this);
        }
    }

    /// <inheritdoc />
    public void Execute() => PoolWorker.Run(this);

    internal void Enqueue(Envelope envelope)
    {
        MessageQueue.Enqueue(cell.Self, envelope);
        if (IsClosed)
            CleanUp();
    }

    internal void SystemEnqueue(SystemMessage message)
    {
        var head = Volatile.Read(ref systemMessages);
        while (true)
        {
            if (head is Closed)
            {
                ((IInternalActorRef)cell.SystemImpl.DeadLetters).SendSystemMessage(message);
                return;
            }
            message.Next = head;
            var seen = Interlocked.CompareExchange(ref systemMessages, message, head);
            if (ReferenceEquals(seen, head))
                return;
            head = seen;
        }
    }

    /// <summary>Sets the scheduled bit if there is something to do and no thread is at it.</summary>
    internal bool TrySchedule(bool hasMessage, bool hasSystemMessage)
    {
        while (true)
        {
            var now = Volatile.Read(ref status);
            if ((now & (IsClosedBit | IsScheduledBit)) != 0)
                return false;
            var due = hasSystemMessage || HasSystemMessages || (now == Open && (hasMessage || MessageQueue.HasMessages));
            if (!due)
                return false;
            if (Interlocked.CompareExchange(ref status, now | IsScheduledBit, now) == now)
                return true;
        }
    }

    internal void Suspend() => Interlocked.Add(ref status, OneSuspension);

    internal void Resume()
    {
        while (true)
        {
            var now = Volatile.Read(ref status);
            if (now < OneSuspension)
                return;
            if (Interlocked.CompareExchange(ref status, now - OneSuspension, now) == now)
                return;
        }
    }

    /// <summary>Takes no more; what is left and what still comes are dead letters.</summary>
    internal void Close()
    {
        Interlocked.Or(ref status, IsClosedBit);
        var left = Interlocked.Exchange(ref systemMessages, Closed.Instance);
        var deadLetters = (IInternalActorRef)cell.SystemImpl.DeadLetters;
        for (var message = Reverse(left); message is not null;)
        {
            var next = message.Next;
            message.Next = null;
            deadLetters.SendSystemMessage(message);
            message = next;
        }
        CleanUp();
    }

    private void CleanUp()
    {
        lock (this)
            MessageQueue.CleanUp(cell.Self, cell.SystemImpl.Mailboxes.DeadLetterQueue);
    }

    private void ProcessMessages()
    {
        var left = Math.Max(dispatcher.Throughput, 1);
        var deadline = dispatcher.ThroughputDeadlineTicks > 0 ? Stopwatch.GetTimestamp() + dispatcher.ThroughputDeadlineTicks : long.MaxValue;
        var worker = PoolWorker.Current;
        // Neither suspended nor closed: only the scheduled bit is set.
        while (Volatile.Read(ref status) == IsScheduledBit && MessageQueue.TryDequeue(out var envelope))
        {
            // Another message follows: what the one before has woken need not wait for it. Before the first nothing is kept.
            worker?.Release();
            cell.Invoke(envelope);
            if (Volatile.Read(ref systemMessages) is not null)
                ProcessSystemMessages();
            if (--left <= 0 || (deadline != long.MaxValue && Stopwatch.GetTimestamp() >= deadline))
                return;
        }
    }

    private void ProcessSystemMessages()
    {
        while (HasSystemMessages)
        {
            var message = Reverse(Interlocked.Exchange(ref systemMessages, null));
            while (message is not null)
            {
                var next = message.Next;
                message.Next = null;
                if (IsClosed)
                    ((IInternalActorRef)cell.SystemImpl.DeadLetters).SendSystemMessage(message);
                else
                    cell.SystemInvoke(message);
                message = next;
            }
        }
    }

    private static SystemMessage Reverse(SystemMessage newestFirst)
    {
        SystemMessage oldestFirst = null;
        while (newestFirst is not null)
        {
            var next = newestFirst.Next;
            newestFirst.Next = oldestFirst;
            oldestFirst = newestFirst;
            newestFirst = next;
        }
        return oldestFirst;
    }
}
