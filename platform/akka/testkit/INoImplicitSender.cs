namespace Akka.TestKit;

/// <summary>Marks a test class whose messages carry no sender unless one is named; without it the test actor is the sender.</summary>
public interface INoImplicitSender
{
}
