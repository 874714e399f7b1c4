using Akka.Actor;
using Akka.Configuration;
using Akka.Pattern;

namespace Akka.Persistence;

/// <summary>The circuit breaker in front of a store, and what it and tasks do to exceptions.</summary>
internal static class PluginBreaker
{
    public static CircuitBreaker Create(ActorSystem system, Config config) => new(
        system.Scheduler, config.GetInt("circuit-breaker.max-failures"), config.GetTimeSpan("circuit-breaker.call-timeout"), config.GetTimeSpan("circuit-breaker.reset-timeout"));

    /// <summary>Why a task did not succeed.</summary>
    public static Exception Cause(Task task) => task.IsCanceled
        ? new OperationCanceledException("The call to the store was canceled, possibly because it took too long.")
        : Unwrap(task.Exception);

    /// <summary>The one exception that an aggregate holds, or what was given.</summary>
    public static Exception Unwrap(Exception exception) =>
        exception is AggregateException aggregate && aggregate.Flatten().InnerExceptions is [var only] ? only : exception;
}
