using Akka.Actor;

namespace ActorTrain.Actors.Supervision;

/// <summary>One-for-one supervision with a decision per failure.</summary>
internal sealed class ReportingStrategy(Func<IActorRef, Exception, Directive> decide) : OneForOneStrategy(static _ => Directive.Escalate)
{
    protected override Directive Handle(IActorRef child, Exception exception) => decide(child, exception);

    public static string Sentence(Exception exception)
    {
        var cause = exception.GetBaseException();

        // libtorch appends its stack, one frame per line.
        var message = cause.Message.Split("\nframe #")[0];
        return $"{cause.GetType().Name}: {message.TrimEnd('.')}.";
    }
}
