using Akka.Actor;
using Akka.Serialization;

namespace ActorTrain.Platform.Tests.Core;

public sealed class SerializationTests : CoreTest
{
    public SerializationTests() : base("""
        akka.actor {
          serializers.points = "ActorTrain.Platform.Tests.Core.PointSerializer, ActorTrain.Platform.Akka.Tests"
          serialization-bindings { "ActorTrain.Platform.Tests.Core.IPoint, ActorTrain.Platform.Akka.Tests" = points }
          serialization-identifiers { "ActorTrain.Platform.Tests.Core.PointSerializer, ActorTrain.Platform.Akka.Tests" = 77 }
        }
        """)
    {
    }

    [Fact]
    public void The_default_is_json_with_number_one()
    {
        var serializer = Sys.Serialization.FindSerializerFor(new Letter("text", 7, [1, 2]));
        serializer.Identifier.ShouldBe(1);
        serializer.IncludeManifest.ShouldBeTrue();
        var back = (Letter)RoundTrip(new Letter("text", 7, [1, 2]));
        back.Text.ShouldBe("text");
        back.Number.ShouldBe(7);
        back.List.ShouldBe([1, 2]);
    }

    [Fact]
    public void Bytes_go_as_they_are_with_number_four()
    {
        Sys.Serialization.FindSerializerFor(new byte[] { 1 }).Identifier.ShouldBe(4);
        RoundTrip(new byte[] { 1, 2, 3 }).ShouldBe(new byte[] { 1, 2, 3 });
    }

    [Fact]
    public void A_binding_to_an_interface_takes_what_implements_it()
    {
        var serializer = Sys.Serialization.FindSerializerFor(new Point(1, 2)).ShouldBeOfType<PointSerializer>();
        serializer.Identifier.ShouldBe(77);
        RoundTrip(new Point(3, 4)).ShouldBe(new Point(3, 4));
    }

    [Fact]
    public void A_number_that_nothing_has_is_refused()
        => Should.Throw<System.Runtime.Serialization.SerializationException>(() => Sys.Serialization.Deserialize([], 12345, ""));

    private object RoundTrip(object value)
    {
        var serializer = Sys.Serialization.FindSerializerFor(value);
        var manifest = serializer switch
        {
            SerializerWithStringManifest own => own.Manifest(value),
            { IncludeManifest: true } => value.GetType().AssemblyQualifiedName!,
            _ => "",
        };
        return Sys.Serialization.Deserialize(serializer.ToBinary(value), serializer.Identifier, manifest);
    }
}

public sealed record Letter(string Text, int Number, int[] List);

public interface IPoint;

public sealed record Point(int X, int Y) : IPoint;

public sealed class PointSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    public override string Manifest(object o) => "P";

    public override byte[] ToBinary(object obj) => obj is Point point ? [(byte)point.X, (byte)point.Y] : throw new ArgumentException("no point", nameof(obj));

    public override object FromBinary(byte[] bytes, string manifest) => manifest == "P" ? new Point(bytes[0], bytes[1]) : throw new ArgumentException("no point", nameof(manifest));
}
