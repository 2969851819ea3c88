package dev.eventbroker.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RosterTest {

  private final Roster<Guest> roster =
      new Roster<>(guest -> guest.seat, (guest, seat) -> guest.seat = seat);

  @Test
  void itHoldsWhoHasComeAndNotGoneInWhateverOrder() {
    SplittableRandom random = new SplittableRandom(11);
    List<Guest> guests = guests(50);
    Set<Guest> expected = new HashSet<>();
    for (int round = 0; round < 5000; round++) {
      Guest guest = guests.get(random.nextInt(guests.size()));

      if (expected.remove(guest)) {
        roster.remove(guest);
      } else {
        expected.add(guest);
        roster.add(guest);
      }

      assertThat(roster.copy()).containsExactlyInAnyOrderElementsOf(expected);
      assertThat(roster.isEmpty()).isEqualTo(expected.isEmpty());
    }
  }

  @Test
  void whoIsNotThereTakesNobodyAlongInGoing() {
    List<Guest> guests = guests(3);
    roster.add(guests.get(0));
    roster.add(guests.get(1));
    roster.remove(guests.get(1));

    roster.remove(guests.get(1));
    roster.remove(guests.get(2));

    assertThat(roster.copy()).containsExactly(guests.get(0));
  }

  @Test
  void aCopyIsOfItsTime() {
    List<Guest> guests = guests(2);
    roster.add(guests.get(0));
    List<Guest> copy = roster.copy();

    roster.add(guests.get(1));
    roster.remove(guests.get(0));

    assertThat(copy).containsExactly(guests.get(0));
  }

  private static List<Guest> guests(int count) {
    List<Guest> guests = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      guests.add(new Guest());
    }
    return guests;
  }

  private static final class Guest {
    int seat = Roster.NOWHERE;
  }
}
