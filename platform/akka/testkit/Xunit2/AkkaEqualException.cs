using Xunit.Sdk;

namespace Akka.TestKit.Xunit2.Internals;

/// <summary>Two things that a test expects to be equal are not.</summary>
public class AkkaEqualException : XunitException
{
    /// <summary>Says both, and why it matters where that is said.</summary>
    public AkkaEqualException(object? expected, object? actual, string message = "")
        : base($"Assert.Equal() Failure: {message}\nExpected: {expected ?? "(null)"}\nActual:   {actual ?? "(null)"}")
    {
    }
}
