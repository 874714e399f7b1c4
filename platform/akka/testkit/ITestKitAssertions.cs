namespace Akka.TestKit;

/// <summary>What the test kit asks of a test framework: ways to fail a test.</summary>
public interface ITestKitAssertions
{
    /// <summary>Fails the test with a message in the form of <see cref="string.Format(string, object[])"/>.</summary>
    void Fail(string format = "", params object?[] args);

    /// <summary>Fails the test unless <paramref name="condition"/> holds.</summary>
    void AssertTrue(bool condition, string format = "", params object?[] args);

    /// <summary>Fails the test if <paramref name="condition"/> holds.</summary>
    void AssertFalse(bool condition, string format = "", params object?[] args);

    /// <summary>Fails the test unless both are equal; sequences are compared element by element.</summary>
    void AssertEqual<T>(T expected, T actual, string format = "", params object?[] args);

    /// <summary>Fails the test unless <paramref name="comparer"/> accepts the pair.</summary>
    void AssertEqual<T>(T expected, T actual, Func<T, T, bool> comparer, string format = "", params object?[] args);
}
