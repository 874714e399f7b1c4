using System.Collections;
using System.Globalization;
using Akka.TestKit.Xunit2.Internals;
using Xunit;

namespace Akka.TestKit.Xunit2;

/// <summary>Fails tests in the way of xunit.</summary>
public class XunitAssertions : ITestKitAssertions
{
    /// <inheritdoc/>
    public void Fail(string format = "", params object?[] args) => Assert.Fail(Text(format, args));

    /// <inheritdoc/>
    public void AssertTrue(bool condition, string format = "", params object?[] args)
    {
        if (!condition)
            Fail(format, args);
    }

    /// <inheritdoc/>
    public void AssertFalse(bool condition, string format = "", params object?[] args) => AssertTrue(!condition, format, args);

    /// <inheritdoc/>
    public void AssertEqual<T>(T expected, T actual, string format = "", params object?[] args)
    {
        if (!AreEqual(expected, actual))
            throw new AkkaEqualException(expected, actual, Text(format, args));
    }

    /// <inheritdoc/>
    public void AssertEqual<T>(T expected, T actual, Func<T, T, bool> comparer, string format = "", params object?[] args)
    {
        if (!comparer(expected, actual))
            throw new AkkaEqualException(expected, actual, Text(format, args));
    }

    private static bool AreEqual(object? expected, object? actual)
    {
        if (Equals(expected, actual))
            return true;
        if (expected is not IEnumerable first || actual is not IEnumerable second || expected is string)
            return false;

        var right = second.GetEnumerator();
        foreach (var item in first)
        {
            if (!right.MoveNext() || !AreEqual(item, right.Current))
                return false;
        }

        return !right.MoveNext();
    }

    private static string Text(string format, object?[] args) =>
        args.Length == 0 ? format : string.Format(CultureInfo.InvariantCulture, format, args);
}
