using System.Runtime.ExceptionServices;
using Akka.Actor;
using Akka.Dispatch.SysMsg;

namespace Akka.Dispatch;

/// <summary>Runs the steps of an asynchronous handler in the turns of its actor, whose next message waits until the last step is done.</summary>
public class ActorTaskScheduler : TaskScheduler
{
    private readonly ActorCell cell;
    private object message;
    private IActorRef sender;

    internal ActorTaskScheduler(ActorCell cell) => this.cell = cell;

    /// <summary>Runs a step that may start asynchronous ones; the next message waits for its end.</summary>
    public static void RunTask(Action action) => RunTask(static state =>
    {
        state();
        return Task.CompletedTask;
    }, action);

    /// <summary>Runs an asynchronous step; the next message waits for its end.</summary>
    public static void RunTask(Func<Task> asyncAction) => RunTask(static state => state(), asyncAction);

    internal static void RunTask<TState>(Func<TState, Task> asyncAction, TState state)
    {
        var cell = ActorCell.Current ?? throw new InvalidOperationException("RunTask must be called from an actor context.");
        var scheduler = cell.TaskScheduler;
        scheduler.message = cell.CurrentMessage;
        scheduler.sender = cell.CurrentSender;
        cell.Mailbox.Suspend();
        var start = new Task<Task>(() => asyncAction(state));
        start.RunSynchronously(scheduler);
        var task = start.Unwrap();
        if (task.IsCompletedSuccessfully)
        {
            cell.Mailbox.Resume();
            return;
        }
        task.ContinueWith(static (ended, at) => ((ActorTaskScheduler)at).Post(() => ((ActorTaskScheduler)at).Finish(ended)), scheduler,
            CancellationToken.None, TaskContinuationOptions.None, Default);
    }

    /// <inheritdoc />
    protected override IEnumerable<Task> GetScheduledTasks() => null;

    /// <inheritdoc />
    protected override void QueueTask(Task task) => Post(() => Step(task));

    /// <inheritdoc />
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued)
        => !taskWasPreviouslyQueued && ReferenceEquals(ActorCell.Current, cell) && TryExecuteTask(task);

    private void Step(Task task)
    {
        cell.RestoreCurrent(message, sender);
        TryExecuteTask(task);
        cell.RestoreCurrent(null, null);
    }

    private void Post(Action step) => cell.Send(new RunInActor(step));

    private void Finish(Task ended)
    {
        cell.Mailbox.Resume();
        if (ended.IsCompletedSuccessfully)
        {
            cell.RestoreCurrent(null, null);
            return;
        }
        // The message that failed stands beside the exception while the actor is restarted.
        cell.RestoreCurrent(message, sender);
        ExceptionDispatchInfo.Throw(ended.Exception?.InnerExceptions is [var only] ? only : ended.Exception ?? (Exception)new TaskCanceledException(ended));
    }
}
