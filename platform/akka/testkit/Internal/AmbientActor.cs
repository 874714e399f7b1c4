using Akka.Actor;

namespace Akka.TestKit.Internal;

/// <summary>Makes a test actor the sender of what a test tells without naming one, across the awaits of the test too.</summary>
internal static class AmbientActor
{
    /// <summary>Binds this thread, and the continuations of the test that starts on it, to an actor, or to none.</summary>
    internal static void Enter(IActorRef? actor)
    {
        var cell = (actor as LocalActorRef)?.Cell;
        ActorCell.Current = cell;
        SynchronizationContext.SetSynchronizationContext(new CellKeepingContext(cell));
    }

    /// <summary>Frees this thread of the actor, so that the next test on it does not speak in its name.</summary>
    internal static void Leave(IActorRef actor)
    {
        var cell = (actor as LocalActorRef)?.Cell;
        if (ReferenceEquals(ActorCell.Current, cell))
            ActorCell.Current = null;
        if (SynchronizationContext.Current is CellKeepingContext context && context.Keeps(cell))
            SynchronizationContext.SetSynchronizationContext(null);
    }

    private sealed class CellKeepingContext(ActorCell? cell) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) =>
            ThreadPool.QueueUserWorkItem(
                static work => work.Context.Run(work.Callback, work.State), (Context: this, Callback: d, State: state), preferLocal: false);

        public override void Send(SendOrPostCallback d, object? state) => Run(d, state);

        public override SynchronizationContext CreateCopy() => this;

        internal bool Keeps(ActorCell? other) => ReferenceEquals(cell, other);

        private void Run(SendOrPostCallback callback, object? state)
        {
            var previousCell = ActorCell.Current;
            var previousContext = Current;
            ActorCell.Current = cell;
            SetSynchronizationContext(this);
            try
            {
                callback(state);
            }
            finally
            {
                SetSynchronizationContext(previousContext);
                ActorCell.Current = previousCell;
            }
        }
    }
}
