using Xunit.Abstractions;
using Xunit.Sdk;

namespace ActorTrain.Tests.Order;

/// <summary>Runs collections, and the tests of a class, in an order that the seed in ACTORTRAIN_TEST_SEED draws; without it the order is
/// always the same. Before them, the process is set up for computing.</summary>
/// <remarks>Directory.Build.targets gives it to every test project; <c>ops/test.sh</c> draws the seed and prints it.</remarks>
public sealed class RandomOrder : ITestCollectionOrderer, ITestCaseOrderer
{
    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("ACTORTRAIN_TEST_SEED"), out var seed) ? seed : 0;

    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections)
    {
        // Comes before the first test, so before the first native call. Tests of what computes nothing have no such type.
        Type.GetType("ActorTrain.Models.Runtime.NativeRuntime, ActorTrain.Models")?.GetMethod("Ensure")!.Invoke(null, null);
        return Shuffled(testCollections, static collection => collection.DisplayName);
    }

    public IEnumerable<TTestCase> OrderTestCases<TTestCase>(IEnumerable<TTestCase> testCases)
        where TTestCase : ITestCase => Shuffled(testCases, static test => test.DisplayName);

    private static T[] Shuffled<T>(IEnumerable<T> tests, Func<T, string> name)
    {
        T[] shuffled = [.. tests.OrderBy(name, StringComparer.Ordinal)];
        new Random(Seed).Shuffle(shuffled);
        return shuffled;
    }
}
