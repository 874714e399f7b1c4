using Akka.Actor;

namespace ActorTrain.Actors.Supervision;

/// <summary>One-for-one supervision that asks about each failure of each child.</summary>
internal sealed class ReportingStrategy(Func<IActorRef, Exception, Directive> decide) : OneForOneStrategy(static _ => Directive.Escalate)
{
    protected override Directive Handle(IActorRef child, Exception exception) => decide(child, exception);

    /// <summary>An exception in one sentence.</summary>
    public static string Sentence(Exception exception)
    {
        var cause = exception.GetBaseException();

        // libtorch adds the frames of its stack, one a line.
        var message = cause.Message.Split("\nframe #")[0];
        return $"{cause.GetType().Name}: {message.TrimEnd('.')}.";
    }
}
